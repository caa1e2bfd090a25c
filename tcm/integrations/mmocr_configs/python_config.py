"""mmengine's Python configs, read as data: nothing in them is run.

mmengine executes a config. Here its tree is looked at: assignments of numbers, texts, lists,
``dict(...)`` and what is taken from ``_base_`` and from names above. That is all that MMOCR's own
configs of detectors have; anything else is an error that names file and line.
"""

import ast
import copy
import operator
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tcm.errors import ConfigError, shown
from tcm.inputs import MB, read_bytes, why_no_file

_BASE = "_base_"
_DELETE = "_delete_"
_FILE = 1 * MB
_FILES = 50  # bases of bases
_ITEMS = 10_000  # of a list or text that is computed
_VALUES = 100_000  # of a file, counted as often as they are used
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def read_python_config(path: str | Path) -> dict[str, Any]:
    """Return what a config of mmengine sets, with that of its bases below.

    Args:
        path: The file. Its ``_base_`` may be files beside it or, where MMOCR or MMDetection is
            installed, theirs, as in ``mmocr::textdet/dbnet/...``.

    Raises:
        ConfigError: The file is missing, is no Python, or does more than setting values.
    """
    return _Files().read(Path(path))


def merge(base: Any, over: Any) -> Any:
    """Return what mmengine makes of a value over that of a base, as new mappings."""
    if not isinstance(over, Mapping):
        return copy.deepcopy(over)
    replaces = over.get(_DELETE) or not isinstance(base, Mapping)
    result = {} if replaces else {key: copy.deepcopy(value) for key, value in base.items()}
    for key, value in over.items():
        if key != _DELETE:
            result[key] = merge(result.get(key), value)
    return result


class _Files:
    """The files of one config; they are counted, as a base may name its own file."""

    def __init__(self) -> None:
        self.count = 0

    def read(self, path: Path, above: Path | None = None) -> dict[str, Any]:
        self.count += 1
        if self.count > _FILES:
            raise ConfigError(f"{path}: more than {_FILES} files are bases of one another")
        why = why_no_file(path)
        if why:
            raise ConfigError(f"config {path} {why}" + (f", a base of {above}" if above else ""))
        try:
            tree = ast.parse(read_bytes(path, _FILE).decode())
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
            raise ConfigError(f"{path}{line}: no Python that can be read") from error
        bases = _bases_of(tree, path)
        base: dict[str, Any] = {}
        for name in bases:
            base.update(self.read(_base_file(name, path), path))
        try:
            own = _Statements(path, base).run(tree)
            _require_small(own, path)
            return merge(base, own)
        except RecursionError as error:
            raise ConfigError(f"{path}: too deep") from error


def _require_small(value: Any, path: Path) -> None:
    """Refuse values that are many times what the file shows, or contain themselves."""
    waiting, count = [value], 0
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping | list | tuple):
            waiting += item.values() if isinstance(item, Mapping) else item
            count += len(item)
        if count > _VALUES:
            raise ConfigError(f"{path}: it stands for more than {_VALUES} values")


def _bases_of(tree: ast.Module, path: Path) -> list[str]:
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == _BASE:
            value = _Statements(path, {}).value(statement.value)
            names = [value] if isinstance(value, str) else value
            if isinstance(names, list | tuple) and all(isinstance(n, str) for n in names):
                return list(names)
            raise ConfigError(f"{path}, line {statement.lineno}: {_BASE} names files")
    return []


def _base_file(name: str, path: Path) -> Path:
    package, separator, rest = name.partition("::")
    if not separator:
        return path.parent / name
    spec = find_spec(package) if package in ("mmocr", "mmdet") else None
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"{path}: its base '{name}' is in {package}, which is not installed")
    return Path(spec.submodule_search_locations[0], ".mim", "configs", rest)


class _Statements:
    """One file's names and their values.

    Args:
        path: For errors.
        base: What the bases set; statements may change it, as MMOCR's do.
    """

    def __init__(self, path: Path, base: dict[str, Any]) -> None:
        self.path = path
        self.names: dict[str, Any] = {_BASE: base}

    def run(self, tree: ast.Module) -> dict[str, Any]:
        """Return what the statements of a file set, in order."""
        for statement in tree.body:
            self._run(statement)
        return {name: value for name, value in self.names.items() if not name.startswith("_")}

    def _run(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return  # a docstring
        if isinstance(node, ast.Assign):
            if ast.unparse(node.targets[0]) != _BASE:
                value = self.value(node.value)
                for target in node.targets:
                    self._assign(target, value)
            return
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            whole = ast.BinOp(ast.Name(node.target.id), node.op, node.value)
            self.names[node.target.id] = self.value(ast.copy_location(whole, node))
            return
        raise self._cannot(node)

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, ast.Attribute):
            self._set(target, self.value(target.value), target.attr, value)
        elif isinstance(target, ast.Subscript):
            self._set(target, self.value(target.value), self.value(target.slice), value)
        else:
            raise self._cannot(target)

    def _set(self, node: ast.expr, owner: Any, key: Any, value: Any) -> None:
        in_list = isinstance(owner, list) and isinstance(key, int) and key in range(len(owner))
        if not in_list and not (isinstance(owner, dict) and isinstance(key, str)):
            raise self._cannot(node)
        owner[key] = value

    def value(self, node: ast.expr) -> Any:
        """Return the value of an expression.

        Raises:
            ConfigError: It does more than naming values.
        """
        try:
            return self._value(node)
        except LookupError as error:
            what = f"{shown(ast.unparse(node))}: {error} is not there"
            raise ConfigError(f"{self.path}, line {node.lineno}: {what}") from error
        except (TypeError, ValueError, ArithmeticError) as error:
            raise self._cannot(node) from error

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value) if not isinstance(value, bytes | complex):
                return value
            case ast.Name(id=name):
                return self.names[name]
            case ast.Attribute(value=owner, attr=key):
                return self._mapping(owner)[key]
            case ast.Subscript(value=owner, slice=ast.Slice() as part):
                ends = [None if e is None else self.value(e) for e in (part.lower, part.upper)]
                return self.value(owner)[slice(*ends)] if part.step is None else self._fail(node)
            case ast.Subscript(value=owner, slice=key):
                return self.value(owner)[self.value(key)]
            case ast.List(elts=items):
                return self._items(items)
            case ast.Tuple(elts=items):
                return tuple(self._items(items))
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                return self._joined([(k and self.value(k), v) for k, v in pairs])
            case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
                return self._joined([(word.arg, word.value) for word in keywords])
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return self._computed(_OPERATORS[type(op)], self.value(left), self.value(right))
            case ast.JoinedStr(values=parts):
                return "".join(str(self.value(part)) for part in parts)
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return self.value(value)
        return self._fail(node)

    def _mapping(self, owner: ast.expr) -> Mapping[str, Any]:
        value = self.value(owner)
        return value if isinstance(value, Mapping) else self._fail(owner)

    def _items(self, items: list[ast.expr]) -> list[Any]:
        found: list[Any] = []
        for item in items:
            if isinstance(item, ast.Starred):
                found += self.value(item.value)
            else:
                found.append(self.value(item))
            if len(found) > _ITEMS:
                raise ValueError("too long")
        return found

    def _joined(self, pairs: list[tuple[Any, ast.expr]]) -> dict[str, Any]:
        """Return a mapping of keys and values; a value without key is a mapping to be taken in."""
        found: dict[str, Any] = {}
        for key, node in pairs:
            if key is None:
                found.update(self._mapping(node))
            else:
                found[key] = self.value(node)
        return found

    def _computed(self, compute: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
        sides = (left, right)
        sized = [len(side) for side in sides if isinstance(side, str | list | tuple)]
        if compute is operator.mod and isinstance(left, str):
            raise ValueError("formatting")
        times = max((side for side in sides if isinstance(side, int)), default=1)
        if sum(sized) * max(times if compute is operator.mul else 1, 1) > _ITEMS:
            raise ValueError("too long")
        return compute(left, right)

    def _fail(self, node: ast.AST) -> Any:
        raise self._cannot(node)

    def _cannot(self, node: ast.AST) -> ConfigError:
        line = getattr(node, "lineno", "?")
        text = shown(ast.unparse(node).splitlines()[0])
        return ConfigError(f"{self.path}, line {line}: {text} is more than the setting of values")
