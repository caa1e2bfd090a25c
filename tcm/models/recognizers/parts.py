"""Building the parts of a recognizer from their section of the config."""

from collections.abc import Callable
from typing import Any, TypeVar

from tcm.errors import ConfigError
from tcm.registry import argument_mistakes
from tcm.structures import Config

T = TypeVar("T")


def build_part(entry: Callable[..., T], config: Config | None, path: str, **given: Any) -> T:
    """Return what `entry` makes of the arguments in `config` and of those in `given`.

    Args:
        entry: A class.
        config: Left as it is; None has no arguments.
        path: Where it stands, such as ``model.decoder``.
        given: Arguments that the config can't have.

    Raises:
        ConfigError: An argument is unknown or missing; the text names the nearest one.
    """
    arguments = dict(config or {})
    mistakes = argument_mistakes(entry, list(arguments), path, path.rpartition(".")[2], given)
    mistakes += [f"{path}.{key}: is not for the config to set" for key in arguments if key in given]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return entry(**arguments, **given)
