"""Configs: YAML files with inheritance, read by OmegaConf into plain dicts.

`_base_` names one file or a list of files, relative to the file that names them, or shipped configs
by their names (`tcm.shipped`); they are merged in order and the file's own keys on top, mapping by
mapping. A mapping with ``_delete_: true`` replaces what it would be merged into, be it from a base
of its own file or from one named before that file. Lists are replaced whole. ``${a.b}`` refers to
another key of the merged config. ``1e-4`` is a float and a duplicate key is an error.

`imports` names modules and files of one's own that register what the config uses; they are imported
on loading. The lists of all files are joined, and a file is relative to the one that names it.
"""

import copy
import importlib
import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from tcm.errors import ConfigError, nearest, shown
from tcm.files import write_text
from tcm.interpolation import check_syntax, resolved
from tcm.shipped import find_config
from tcm.yaml_files import DEPTH, check_tree, parse_yaml, read_yaml

_FILES = 50  # bases of bases of a file
_NAMED = 80  # characters of an option in an error's text
_MERGES = 1000  # files merged for a config; a base that two files name is merged twice


class LoadedConfig(dict[str, Any]):
    """A config as it is used, its interpolations resolved.

    Attributes:
        written: The same config with the interpolations as texts. This is what goes into files: an
            environment variable, such as a password, stays where it is.
        name: The name of its file, without folder and suffix.
    """

    def __init__(self, config: Mapping[str, Any], written: Mapping[str, Any], name: str) -> None:
        super().__init__(config)
        self.written = dict(written)
        self.name = name


def load_config(
    path: str | Path, options: Sequence[str] = (), over: Sequence[str | Path] = ()
) -> LoadedConfig:
    """Read a config with its bases, apply the overrides and resolve the interpolations.

    Args:
        path: The YAML file, or the name of a shipped config, as of `find_config`.
        options: Overrides ``a.b.c=value``; the value is parsed as YAML, ``a.0.b`` reaches into a
            list.
        over: Further YAML files that are merged on top, before the overrides.

    Raises:
        ConfigError: A file is missing, is no YAML mapping, has a duplicate key, is its own base, or
            an override names a place that does not exist; the text gives the file and the line, or
            the override.
    """
    *_, tree = _trees(path, options, over)
    check_tree(tree, str(path))
    config = LoadedConfig(resolved(tree, str(path)), tree, find_config(path).stem)
    _import(config.get("imports", []), f"{path}: imports")
    return config


def written_form(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config as it goes into a file: as `LoadedConfig.written`, or as it is."""
    return config.written if isinstance(config, LoadedConfig) else dict(config)


def name_of(config: Mapping[str, Any]) -> str | None:
    """Return the name of the file that a config was loaded from; None if it was not loaded."""
    return config.name if isinstance(config, LoadedConfig) else None


def kept_arguments(
    path: str | Path, options: Sequence[str] = (), over: Sequence[str | Path] = ()
) -> dict[str, tuple[str, set]]:
    """Return where a type took the place of another one of a base, whose arguments stayed.

    Arguments as of `load_config`.

    Returns:
        Place, such as ``data.train.dataset``, to the base's type and the names of what it left.
    """
    kept: dict[str, tuple[str, set]] = {}
    for before, after in itertools.pairwise(_trees(path, options, over)):
        _find_kept(before, after, "", kept)
    return kept


def dump_config(config: Mapping[str, Any], path: str | Path) -> None:
    """Write a config as YAML, keys in their order, interpolations as texts."""
    write_text(path, as_yaml(config))


def as_yaml(config: Mapping[str, Any]) -> str:
    """Return what `dump_config` writes."""
    # OmegaConf quotes what it would read as a number, such as the text "1e-4"; PyYAML does not.
    return OmegaConf.to_yaml(OmegaConf.create(written_form(config)), sort_keys=False)


def _trees(
    path: str | Path, options: Sequence[str], over: Sequence[str | Path]
) -> Iterator[dict[str, Any]]:
    """Yield the config after each file, the bases first, and after each override."""
    tree: dict[str, Any] = {}
    read: dict[Path, list[dict[str, Any]]] = {}
    for layer in [part for file in (path, *over) for part in _layers(find_config(file), (), read)]:
        named = [*tree.get("imports", []), *layer.get("imports", [])]
        tree = _merge(tree, layer)
        if named:
            tree["imports"] = list(dict.fromkeys(named))
        yield tree
    for option in options:
        tree = copy.deepcopy(tree)
        override(tree, option)
        yield tree


def _find_kept(before: Any, after: Any, place: str, kept: dict[str, tuple[str, set]]) -> None:
    """Add to `kept` what a mapping or its children have left of another type's arguments."""
    if isinstance(before, list) and isinstance(after, list):
        for i, pair in enumerate(zip(before, after, strict=False)):
            _find_kept(*pair, f"{place}.{i}", kept)
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return
    if "type" in before and after.get("type") != before["type"]:
        same = {key for key in before if key in after and before[key] == after[key]}
        kept[place] = (before["type"], same)
    for key in before.keys() & after.keys():
        _find_kept(before[key], after[key], f"{place}.{key}" if place else str(key), kept)


def _layers(
    path: Path, chain: tuple[Path, ...], read: dict[Path, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Return what is to be merged one onto the other: the bases in their order, then the file.

    Args:
        path: The file.
        chain: The files that it is a base of, resolved.
        read: The result for each file that was read before.
    """
    place = _place_of(path)
    if place in chain:
        raise ConfigError(f"{path}: the file is its own _base_")
    if len(chain) >= _FILES:
        raise ConfigError(f"{path}: _base_: more than {_FILES} files in a row, each of the next")
    if place not in read:
        read[place] = _read_layers(path, (*chain, place), read)
    return read[place]


def _read_layers(
    path: Path, chain: tuple[Path, ...], read: dict[Path, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    own = read_yaml(path)
    bases = own.pop("_base_", [])
    bases = [bases] if isinstance(bases, str) else bases
    if not isinstance(bases, list) or not all(isinstance(base, str) for base in bases):
        raise ConfigError(f"{path}: _base_ must be a path or a list of paths, got {shown(bases)}")
    if "imports" in own:
        own["imports"] = _imports_of(own["imports"], path)
    layers: list[dict[str, Any]] = []
    for base in bases:
        layers += _layers(find_config(base, path.parent), chain, read)
        if len(layers) >= _MERGES:
            raise ConfigError(
                f"{path}: _base_: more than {_MERGES} files to merge; one that several files name "
                "counts each time"
            )
    return [*layers, own]


def _place_of(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):  # a loop of links is a RuntimeError
        return path  # reading it says what is wrong


def _imports_of(names: Any, path: Path) -> list[str]:
    """Return what a file imports, its files as absolute paths."""
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(
            f"{path}: imports must be a list of modules and files, got {shown(names)}"
        )
    return [str(_place_of(path.parent / n)) if n.endswith(".py") else n for n in names]


def _import(names: Any, place: str) -> None:
    """Import modules by name, and files by path.

    The folder of a file, and the working directory, become places that modules are looked for in,
    so that the file finds its neighbours and data workers find the file.
    """
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"{place}: a list of modules and files is wanted, got {shown(names)}")
    for name in names:
        file = _place_of(Path(name)) if name.endswith(".py") else None
        if file is None and not all(part.isidentifier() for part in name.split(".")):
            raise ConfigError(f"{place}: no module can be called {shown(name)}")
        if file is not None and not file.is_file():
            siblings = [p.name for p in file.parent.glob("*.py")]
            raise ConfigError(f"{place}: no such file {name}{nearest(file.name, siblings)}")
        folder = str(file.parent if file else Path.cwd())
        if folder not in sys.path:
            sys.path.append(folder)
        try:
            module = importlib.import_module(file.stem if file else name)
        except ModuleNotFoundError as error:
            if error.name is None or not name.startswith(error.name):
                raise  # of the module's own imports: its traceback says more
            raise ConfigError(f"{place}: no module named '{name}'") from error
        if file and Path(module.__file__ or "").resolve() != file:
            raise ConfigError(
                f"{place}: a module '{file.stem}' is there already, {module.__file__}; "
                f"{file} needs another name"
            )


def _merge(base: Any, over: Any) -> Any:
    if not isinstance(over, dict):
        return over
    replace = over.get("_delete_", False)
    merged = dict(base) if isinstance(base, dict) and not replace else {}
    for key, value in over.items():
        if key != "_delete_":
            merged[key] = _merge(merged.get(key), value)
    return merged


def override(tree: dict[str, Any], option: str, flag: str = "--cfg-options") -> None:
    """Set what an option ``a.b.c=value`` says in a tree, in place.

    Args:
        tree: Mappings and lists, which are modified.
        option: The option; what is there no mapping yet becomes one.
        flag: Of the command line, for the error.

    Raises:
        ConfigError: The option is none, its value is no YAML, or its place can't be.
    """
    place, equals, text = option.partition("=")
    named = f"{flag} {_short(option)}"
    if not equals or not place:
        raise ConfigError(f"{named}: 'a.b.c=value' is wanted")
    *parents, last = place.split(".")
    if len(parents) >= DEPTH:
        raise ConfigError(f"{named}: more than {DEPTH} levels deep")
    value = parse_value(text, named)
    node: Any = tree
    for i, key in enumerate(parents):
        node = _child(node, key, named, ".".join(parents[: i + 1]), create=True)
    if isinstance(node, list):
        _child(node, last, named, place, create=False)
        node[int(last)] = value
    elif isinstance(node, dict):
        node[last] = _merge(node.get(last), value)
    else:
        raise ConfigError(
            f"{named}: '{_short('.'.join(parents))}' holds {shown(node)}, not a mapping or a list"
        )


def _short(text: str) -> str:
    return text if text.isprintable() and len(text) <= _NAMED else shown(text)


def parse_value(text: str, source: str) -> Any:
    """Return what a value on the command line is as YAML; None if there is nothing.

    Args:
        text: The value.
        source: The option, for the error.

    Raises:
        ConfigError: It is no YAML, or beyond a bound.
    """
    value = parse_yaml(text, f"{source}: the value is no YAML")
    check_syntax(value, f"{source}: the value is no YAML")
    return value


def _child(node: Any, key: str, named: str, place: str, create: bool) -> Any:
    if isinstance(node, list):
        known = key.isascii() and key.isdigit() and len(key) <= len(str(len(node)))
        if not known or int(key) >= len(node):
            raise ConfigError(f"{named}: '{_short(place)}' is not in the list of {len(node)}")
        return node[int(key)]
    if not isinstance(node, dict):
        raise ConfigError(
            f"{named}: '{_short(place)}' does not exist, its parent holds {shown(node)}"
        )
    if node.get(key) is None and create:
        node[key] = {}
    return node[key]
