"""The models that come in the package."""

from pathlib import Path
from typing import Literal

from tcm.errors import ConfigError
from tcm.shipped import weights_folder


def shipped(kind: Literal["detector", "recognizer"]) -> Path:
    """Return the checkpoint of the package's own detector or recognizer.

    Raises:
        ConfigError: The package has none.
    """
    path = weights_folder() / f"{kind}.ckpt"
    if not path.is_file():
        raise ConfigError(f"{kind}: the package has none of its own; name a checkpoint")
    return path
