"""Registries: names in a config to classes, with every mistake of a config reported at once.

A registered class is built from a mapping ``{"type": name, **arguments}``. Arguments that are such
mappings themselves stay mappings: the class that takes them builds them, because it alone knows
what else they need (a neck needs the widths of the backbone, for example). `check` walks the whole
tree beforehand and reports what would fail.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tcm.errors import ConfigError, nearest

T = TypeVar("T", bound=Callable[..., Any])


class Registry:
    """A table of classes or functions under the names that configs use."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Callable[..., Any]] = {}

    def register(self, name: str | None = None) -> Callable[[T], T]:
        """Register the decorated class under `name`, or under its own name.

        Raises:
            ConfigError: The name is taken; the text names both classes.
        """

        def decorate(entry: T) -> T:
            key = name or entry.__name__
            if key in self._entries:
                taken = self._entries[key]
                raise ConfigError(
                    f"{self.kind} '{key}' is registered twice: "
                    f"{taken.__module__}.{taken.__qualname__} and "
                    f"{entry.__module__}.{entry.__qualname__}"
                )
            self._entries[key] = entry
            return entry

        return decorate

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def names(self) -> list[str]:
        """Return all names, sorted."""
        return sorted(self._entries)

    def get(self, name: str, path: str = "") -> Callable[..., Any]:
        """Return the class of a name.

        Raises:
            ConfigError: The name is unknown; the text gives `path` and the nearest name.
        """
        if name not in self._entries:
            raise ConfigError(
                f"{_at(path)}unknown {self.kind} '{name}'{nearest(str(name), self._entries)}"
            )
        return self._entries[name]

    def build(self, config: Mapping[str, Any], /, path: str = "", **extra: Any) -> Any:
        """Build what `config` describes; `config` is left as it is.

        Args:
            config: The mapping with `type`.
            path: Where it stands, such as ``model.neck``.
            extra: Arguments that the caller adds to those of the config.

        Raises:
            ConfigError: An unknown type or argument, a missing argument, or a value that can't be
                used.
        """
        mistakes = self.mistakes(config, path, given=extra)
        if mistakes:
            raise ConfigError("\n".join(mistakes))
        arguments = {key: value for key, value in config.items() if key != "type"}
        try:
            return self._entries[config["type"]](**arguments, **extra)
        except (TypeError, ValueError) as error:
            # A number where a list is wanted and the like; the cause stays visible with --debug.
            reason = str(error).strip().splitlines()[0]
            raise ConfigError(f"{_at(path)}{config['type']} can't be built: {reason}") from error

    def mistakes(
        self, config: Mapping[str, Any], path: str = "", given: Mapping[str, Any] | None = None
    ) -> list[str]:
        """Return what is wrong with `config` itself, a line each, nested mappings left aside.

        Args:
            config: The mapping with `type`.
            path: Where it stands, such as ``model.neck``.
            given: Arguments that are added at build time; None if not known yet, then missing ones
                are no mistake.
        """
        if not isinstance(config, Mapping) or "type" not in config:
            return [f"{_at(path)}a mapping with 'type' is wanted, got {config!r}"]
        if config["type"] not in self._entries:
            hint = nearest(str(config["type"]), self._entries)
            return [f"{_at(path)}unknown {self.kind} '{config['type']}'{hint}"]
        arguments = [key for key in config if key != "type"]
        return argument_mistakes(
            self._entries[config["type"]], arguments, path, config["type"], given
        )


MODELS = Registry("model")
DATASETS = Registry("dataset")
TRANSFORMS = Registry("transform")
METRICS = Registry("metric")
OPTIMIZERS = Registry("optimizer")
SCHEDULES = Registry("schedule")
CONVERTERS = Registry("converter")  # functions: foreign parameter name to ours, or to None


def argument_mistakes(
    entry: Callable[..., Any],
    arguments: list[str],
    path: str,
    name: str,
    given: Mapping[str, Any] | None = None,
) -> list[str]:
    """Return the arguments that `entry` does not take and those that it misses, a line each.

    Args:
        entry: A class or function.
        arguments: Names of what the config passes.
        path: Where the config stands, such as ``model.neck``.
        name: What the config calls `entry`.
        given: Arguments that are added at build time; None if not known yet, then missing ones
            are not reported.
    """
    parameters = inspect.signature(entry).parameters
    taken = [p for p in parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    names = [p.name for p in taken]
    lines = []
    if len(taken) == len(parameters):
        unknown = [key for key in arguments if key not in names]
        lines += [
            f"{_at(_join(path, key))}{name} takes no argument '{key}'{nearest(key, names)}"
            for key in unknown
        ]
    if given is not None:
        required = [p.name for p in taken if p.default is inspect.Parameter.empty]
        missing = [key for key in required if key not in arguments and key not in given]
        lines += [f"{_at(path)}{name} needs the argument '{key}'" for key in missing]
    return lines


# The key under which a mapping stands tells which registry its type belongs to.
_REGISTRY_OF_KEY = {
    "dataset": DATASETS,
    "datasets": DATASETS,
    "pipeline": TRANSFORMS,
    "transforms": TRANSFORMS,
    "choices": TRANSFORMS,
    "metrics": METRICS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
}


def check(config: Any, path: str = "", registry: Registry = MODELS) -> list[str]:
    """Return every unknown type and argument in a tree of mappings and lists.

    Args:
        config: The tree; anything but mappings and sequences is passed over.
        path: Where it stands, such as ``data.train``.
        registry: Where types are looked up until a key such as ``pipeline`` names another.

    Returns:
        A line for each mistake, which starts with its path.
    """
    lines = []
    if isinstance(config, Mapping):
        if "type" in config:
            lines += registry.mistakes(config, path)
        for key, value in config.items():
            lines += check(value, _join(path, str(key)), _REGISTRY_OF_KEY.get(str(key), registry))
    elif isinstance(config, list | tuple):
        for i, value in enumerate(config):
            lines += check(value, f"{path}[{i}]", registry)
    return lines


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _at(path: str) -> str:
    return f"{path}: " if path else ""
