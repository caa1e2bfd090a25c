"""Registries: names in a config to classes, with every mistake of a config reported at once.

A registered class is built from a mapping ``{"type": name, **arguments}``. An argument that is such
a mapping itself stays one: the class that takes it builds it, because it alone knows what else is
needed (a neck needs the widths of the backbone, for example). Its annotation says so,
``Annotated[Config, Built(MODELS, given=("in_channels",))]``, and `check` follows the annotations
through the whole tree before anything is built. Names, and values by the annotations (see
`tcm.values`), are checked; a class that is called from Python checks its values too.
"""

import functools
import importlib
import importlib.util
import inspect
import pkgutil
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

from tcm.errors import ConfigError, nearest, shown
from tcm.values import checked, hints_of, mistake

T = TypeVar("T", bound=Callable[..., Any])


class Registry:
    """A table of classes or functions under the names that configs use.

    Args:
        kind: What the entries are, for errors.
        homes: Packages whose modules register themselves. When a name is looked for that is not
            there, those are imported that have it in their source, and all if that does not help.
    """

    def __init__(self, kind: str, *homes: str) -> None:
        self.kind = kind
        self._homes = homes
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
            self._entries[key] = checked(entry)
            return entry

        return decorate

    def __contains__(self, name: object) -> bool:
        if name not in self._entries and isinstance(name, str):
            self._import_home_of(name)
        return name in self._entries or name in self._all()

    def names(self) -> list[str]:
        """Return all names, sorted."""
        return sorted(self._all())

    def get(self, name: str, path: str = "") -> Callable[..., Any]:
        """Return the class of a name.

        Raises:
            ConfigError: The name is unknown; the text gives `path` and the nearest name.
        """
        if name not in self:
            raise ConfigError(f"{_at(path)}{self._unknown(name)}")
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
            raise ConfigError(*mistakes)
        return self._entries[config["type"]](**_without_type(config), **extra)

    def mistakes(
        self, config: Any, path: str = "", given: Collection[str] | None = None
    ) -> list[str]:
        """Return what is wrong with a mapping with `type` and all that is in it, a line each.

        Args:
            config: What should be the mapping.
            path: Where it stands, such as ``model.neck``.
            given: Names of the arguments that are added at build time; None if not known, then
                missing ones are no mistake.
        """
        if not isinstance(config, Mapping) or "type" not in config:
            return [f"{_at(path)}a mapping with 'type' is wanted, got {shown(config)}"]
        name = config["type"]
        if not isinstance(name, str) or name not in self:
            return [f"{_at(path)}{self._unknown(name)}", *check(_without_type(config), path, self)]
        return mistakes_of(
            self._entries[name], _without_type(config), path, given, name=name, registry=self
        )

    def _import_home_of(self, name: str) -> None:
        """Import the modules whose source registers a name: all of them would take seconds."""
        mark = re.compile(
            rf'^(class|def) {re.escape(name)}\b|register\("{re.escape(name)}"\)', re.M
        )
        for home in self._homes:
            spec = importlib.util.find_spec(home)
            for folder in map(Path, (spec and spec.submodule_search_locations) or ()):
                for file in sorted(folder.rglob("*.py")):
                    text = _source(file)
                    if name in text and mark.search(text):
                        parts = file.relative_to(folder).with_suffix("").parts
                        importlib.import_module(".".join([home, *parts]).removesuffix(".__init__"))

    def _all(self) -> dict[str, Callable[..., Any]]:
        homes, self._homes = self._homes, ()  # before the imports, which may look names up
        for home in homes:
            package = importlib.import_module(home)
            for module in pkgutil.walk_packages(package.__path__, f"{home}."):
                importlib.import_module(module.name)
        return self._entries

    def _unknown(self, name: Any) -> str:
        return f"unknown {self.kind} {shown(str(name))}{nearest(str(name), self._all())}"


MODELS = Registry("model", "tcm.models")
DATASETS = Registry("dataset", "tcm.data")
TRANSFORMS = Registry("transform", "tcm.data", "tcm.models")  # targets are the methods' own
METRICS = Registry("metric", "tcm.evaluation")
OPTIMIZERS = Registry("optimizer", "tcm.engine")
SCHEDULES = Registry("schedule", "tcm.engine")
CONVERTERS = Registry("converter", "tcm.models")  # functions: foreign parameter name to ours, None


@functools.cache
def _source(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Built:
    """Metadata of an annotation: the value is a config, or a list or mapping of configs.

    Attributes:
        registry: Where the types stand.
        given: The arguments that are added at build time.
    """

    registry: Registry
    given: Collection[str] = ()


@dataclass(frozen=True)
class Arguments:
    """Metadata of an annotation: the value is a mapping of arguments.

    Attributes:
        entry: The class or function that takes them.
        given: The arguments that are added at build time, which a config cannot set.
    """

    entry: Callable[..., Any]
    given: Collection[str] = ()


@dataclass(frozen=True)
class ReadBy:
    """Metadata of an annotation: a function makes of the value what it stands for.

    Attributes:
        reader: Takes the value and its place, and raises a ConfigError that begins with the place.
    """

    reader: Callable[[Any, str], Any]

    def mistakes(self, value: Any, path: str) -> list[str]:
        """Return why the function refuses a value, a line each."""
        try:
            self.reader(value, path)
        except ConfigError as error:
            return str(error).splitlines()
        return []


def build(
    entry: Callable[..., Any], config: Mapping[str, Any] | None, path: str, **extra: Any
) -> Any:
    """Return what `entry` makes of a mapping of arguments, which is left as it is.

    Args:
        entry: A class or function.
        config: Its arguments; None for none.
        path: Where they stand, such as ``model.decoder``.
        extra: Arguments that the config cannot set.

    Raises:
        ConfigError: As for `mistakes_of`.
    """
    mistakes = mistakes_of(entry, {} if config is None else config, path, extra)
    if mistakes:
        raise ConfigError(*mistakes)
    return entry(**(config or {}), **extra)


def mistakes_of(
    entry: Callable[..., Any],
    arguments: Any,
    path: str,
    given: Collection[str] | None = (),
    name: str | None = None,
    registry: Registry | None = None,
) -> list[str]:
    """Return what is wrong with the arguments of a class or function, a line each.

    Unknown and missing ones, values that are not of their annotated type, and the same for all that
    is nested in them.

    Args:
        entry: The class or function.
        arguments: What should be a mapping.
        path: Where it stands, such as ``model.neck``.
        given: Names of the arguments that are added at build time, which the mapping cannot have;
            None if not known, then missing ones are no mistake.
        name: What the config calls `entry`; None for its own name.
        registry: Where types are looked up in arguments whose annotation does not say; MODELS if
            None.
    """
    if not isinstance(arguments, Mapping):
        return [f"{_at(path)}a mapping is wanted, got {shown(arguments)}"]
    name = name or entry.__name__.lstrip("_")
    parameters = inspect.signature(entry).parameters.values()
    taken = [p for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD]
    names = [p.name for p in taken]
    hints = hints_of(entry)
    lines = []
    for key, value in arguments.items():
        place = _join(path, str(key))
        if given and key in given:
            lines.append(f"{place}: is not for the config to set")
        elif key not in names and len(taken) == len(parameters):
            lines.append(
                f"{_at(place)}{name} takes no argument {shown(key)}{nearest(str(key), names)}"
            )
            lines += check(value, place, registry or MODELS)
        else:
            lines += _mistakes_of_value(value, hints.get(key, Any), place, registry or MODELS)
    if given is not None:
        required = [p.name for p in taken if p.default is inspect.Parameter.empty]
        missing = [key for key in required if key not in arguments and key not in given]
        lines += [f"{_at(path)}{name} needs the argument '{key}'" for key in missing]
    return lines


def check(config: Any, path: str, registry: Registry = MODELS) -> list[str]:
    """Return every mistake in a tree of mappings and lists, a line each, its path first.

    Args:
        config: The tree; mappings with `type` are looked into, anything else is passed over.
        path: Where it stands, such as ``data.train``.
        registry: Where the types stand.
    """
    if isinstance(config, Mapping):
        if "type" in config:
            return registry.mistakes(config, path)
        items = [(_join(path, str(key)), value) for key, value in config.items()]
    else:
        values = config if isinstance(config, list | tuple) else ()
        items = [(f"{path}.{i}", value) for i, value in enumerate(values)]
    return [line for place, value in items for line in check(value, place, registry)]


def _mistakes_of_value(value: Any, annotation: Any, path: str, registry: Registry) -> list[str]:
    wrong = mistake(value, annotation)
    if wrong:
        return [f"{path}: {wrong}"]
    if value is None:
        return []
    for item in _metadata(annotation):
        if isinstance(item, Arguments):
            return _mistakes_of_arguments(value, path, item)
        if isinstance(item, Built):
            return _mistakes_of_built(value, path, item)
        if isinstance(item, ReadBy):
            return item.mistakes(value, path)
    return check(value, path, registry)


def _mistakes_of_arguments(value: Any, path: str, item: Arguments) -> list[str]:
    if isinstance(value, list | tuple):
        places = enumerate(value)
        return [line for i, v in places for line in _mistakes_of_arguments(v, f"{path}.{i}", item)]
    return mistakes_of(item.entry, value, path, item.given) if _is_tree(value) else []


def _mistakes_of_built(value: Any, path: str, built: Built) -> list[str]:
    if isinstance(value, list | tuple):
        items = [(f"{path}.{i}", item) for i, item in enumerate(value)]
    elif isinstance(value, Mapping) and "type" not in value and _of_configs(value):
        items = [(_join(path, str(key)), item) for key, item in value.items()]
    else:
        items = [(path, value)]
    return [
        line
        for place, item in items
        if _is_tree(item)
        for line in built.registry.mistakes(item, place, built.given)
    ]


def _of_configs(value: Mapping[str, Any]) -> bool:
    return bool(value) and all(isinstance(item, Mapping) for item in value.values())


def _is_tree(value: Any) -> bool:
    """Return whether a config can hold it: a transform may be there, built already."""
    return isinstance(value, str | int | float | list | tuple | Mapping)


def _metadata(annotation: Any) -> list[Any]:
    """Return the metadata of an annotation and of the members of a union."""
    own = list(annotation.__metadata__) if get_origin(annotation) is Annotated else []
    return own + [item for part in get_args(annotation) for item in _metadata(part)]


def _without_type(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key != "type"}


def _join(path: str, key: str) -> str:
    key = key if key.isprintable() else shown(key)
    return f"{path}.{key}" if path else key


def _at(path: str) -> str:
    return f"{path}: " if path else ""
