"""Configs: YAML files with inheritance, read by OmegaConf into plain dicts.

`_base_` names one file or a list of files, relative to the file that names them; they are merged in
order and the file's own keys on top, mapping by mapping. A mapping with ``_delete_: true`` replaces
what it would be merged into, be it from a base of its own file or from one named before that file.
Lists are replaced whole. ``${a.b}`` refers to another key of the merged config. ``1e-4`` is a float
and a duplicate key is an error.

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

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from tcm.errors import ConfigError, nearest
from tcm.files import write_text


def load_config(
    path: str | Path, options: Sequence[str] = (), over: Sequence[str | Path] = ()
) -> dict[str, Any]:
    """Read a config with its bases, apply the overrides and resolve the interpolations.

    Args:
        path: The YAML file.
        options: Overrides ``a.b.c=value``; the value is parsed as YAML, ``a.0.b`` reaches into a
            list.
        over: Further YAML files that are merged on top, before the overrides.

    Raises:
        ConfigError: A file is missing, is no YAML mapping, has a duplicate key, is its own base, or
            an override names a place that does not exist; the text gives the file and the line, or
            the override.
    """
    *_, tree = _trees(path, options, over)
    try:
        resolved: Any = OmegaConf.to_container(OmegaConf.create(tree), resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigError(f"{path}: {str(error).splitlines()[0]}") from error
    _import(resolved.get("imports", []), f"{path}: imports")
    return resolved


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
    """Write a resolved config as YAML, keys in their order."""
    # OmegaConf quotes what it would read as a number, such as the text "1e-4"; PyYAML does not.
    text = OmegaConf.to_yaml(OmegaConf.create(dict(config)), sort_keys=False)
    write_text(path, text)


def _trees(
    path: str | Path, options: Sequence[str], over: Sequence[str | Path]
) -> Iterator[dict[str, Any]]:
    """Yield the config after each file, the bases first, and after each override."""
    tree: dict[str, Any] = {}
    for layer in [part for file in (path, *over) for part in _layers(Path(file), ())]:
        named = [*tree.get("imports", []), *layer.get("imports", [])]
        tree = _merge(tree, layer)
        if named:
            tree["imports"] = list(dict.fromkeys(named))
        yield tree
    for option in options:
        tree = copy.deepcopy(tree)
        _override(tree, option)
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


def _layers(path: Path, chain: tuple[Path, ...]) -> list[dict[str, Any]]:
    """Return what is to be merged one onto the other: the bases in their order, then the file."""
    if path.resolve() in chain:
        raise ConfigError(f"{path}: the file is its own _base_")
    own = _read_yaml(path)
    bases = own.pop("_base_", [])
    bases = [bases] if isinstance(bases, str) else bases
    if not isinstance(bases, list) or not all(isinstance(base, str) for base in bases):
        raise ConfigError(f"{path}: _base_ must be a path or a list of paths, got {bases!r}")
    if "imports" in own:
        own["imports"] = _imports_of(own["imports"], path)
    below = [_layers(path.parent / base, (*chain, path.resolve())) for base in bases]
    return [*(layer for layers in below for layer in layers), own]


def _imports_of(names: Any, path: Path) -> list[str]:
    """Return what a file imports, its files as absolute paths."""
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"{path}: imports must be a list of modules and files, got {names!r}")
    return [str((path.parent / n).resolve()) if n.endswith(".py") else n for n in names]


def _import(names: Any, place: str) -> None:
    """Import modules by name, and files by path.

    The folder of a file, and the working directory, become places that modules are looked for in,
    so that the file finds its neighbours and data workers find the file.
    """
    for name in [names] if isinstance(names, str) else names:
        file = Path(name).resolve() if name.endswith(".py") else None
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


def _read_yaml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        siblings = [p.name for p in path.parent.glob("*.yaml")] if path.parent.is_dir() else []
        raise ConfigError(f"{path}: no such config file{nearest(path.name, siblings)}")
    try:
        content = OmegaConf.to_container(OmegaConf.load(path))
    except (yaml.YAMLError, OmegaConfBaseException, UnicodeDecodeError, OSError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ConfigError(f"{path}{line}: {reason}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: a mapping is wanted at the top, got {type(content).__name__}")
    return content  # type: ignore[return-value]  # keys are strings


def _merge(base: Any, over: Any) -> Any:
    if not isinstance(over, dict):
        return over
    replace = over.get("_delete_", False)
    merged = dict(base) if isinstance(base, dict) and not replace else {}
    for key, value in over.items():
        if key != "_delete_":
            merged[key] = _merge(merged.get(key), value)
    return merged


def _override(tree: dict[str, Any], option: str) -> None:
    place, equals, text = option.partition("=")
    if not equals or not place:
        raise ConfigError(f"--cfg-options {option}: 'a.b.c=value' is wanted")
    value = _parse_value(text, option)
    node: Any = tree
    *parents, last = place.split(".")
    for i, key in enumerate(parents):
        node = _child(node, key, option, ".".join(parents[: i + 1]), create=True)
    if isinstance(node, list):
        _child(node, last, option, place, create=False)
        node[int(last)] = value
    elif isinstance(node, dict):
        node[last] = _merge(node.get(last), value)
    else:
        raise ConfigError(
            f"--cfg-options {option}: '{'.'.join(parents)}' holds {node!r}, not a mapping or a list"
        )


def _parse_value(text: str, option: str) -> Any:
    try:
        parsed: Any = OmegaConf.to_container(OmegaConf.from_dotlist([f"value={text}"]))
    except (yaml.YAMLError, OmegaConfBaseException) as error:
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ConfigError(f"--cfg-options {option}: the value is no YAML: {reason}") from error
    return parsed["value"]


def _child(node: Any, key: str, option: str, place: str, create: bool) -> Any:
    if isinstance(node, list):
        if not key.isdigit() or int(key) >= len(node):
            raise ConfigError(
                f"--cfg-options {option}: '{place}' is not in the list of {len(node)}"
            )
        return node[int(key)]
    if not isinstance(node, dict):
        raise ConfigError(
            f"--cfg-options {option}: '{place}' does not exist, its parent holds {node!r}"
        )
    if node.get(key) is None and create:
        node[key] = {}
    return node[key]
