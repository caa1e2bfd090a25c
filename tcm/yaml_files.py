"""YAML of a user read into plain mappings, lists, texts and numbers, whatever it holds.

``1e-4`` is a number, dates are texts, and a key that is there twice is an error. Every bound on
what a file may hold stands here: a few bytes of YAML can stand for more than a memory holds.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tcm.errors import ConfigError, shown
from tcm.inputs import ABSENT, nearest_file, shown_path, why_no_file

SIZE = 1_000_000  # bytes of a file
DEPTH = 50  # mappings and lists in one another
NODES = 10_000  # keys and values, with what aliases stand for
DIGITS = 100  # characters of a number
WHOLE = 2**63  # a whole number is smaller, as PyTorch's are

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times faster


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML file holds.

    Raises:
        ConfigError: There is no such file, it is none that can be read to its end, it is no YAML
            mapping or beyond a bound; the text names the file and, where there is one, the line.
    """
    content = parse_yaml(_text_of(path), str(path))
    if content is not None and not isinstance(content, dict):
        raise ConfigError(f"{path}: a mapping is wanted at the top, got {_kind(content)}")
    return content or {}


def parse_yaml(text: str, source: str) -> Any:
    """Return what a text of YAML holds, None if there is nothing.

    Args:
        text: The YAML.
        source: Where it comes from, for the error.

    Raises:
        ConfigError: It is no YAML, or beyond a bound.
    """
    try:
        _check_bounds(text)
        content = yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe one
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ConfigError(f"{source}{line}: {reason}") from error
    except (LookupError, ValueError) as error:  # of a tag that its text does not bear, `!!bool x`
        raise ConfigError(
            f"{source}: no YAML ({type(error).__name__}: {shown(str(error))})"
        ) from error
    check_tree(content, source)
    return _unshared(content)


def check_tree(tree: Any, source: str) -> None:
    """Refuse a tree that no config is, or that is beyond a bound.

    Args:
        tree: The tree; it may be of a file of anyone.
        source: Where it comes from, for the error.

    Raises:
        ConfigError: A key is no text, a value is none that YAML has, or there are too many; the
            text names its place.
    """
    characters = 0
    for nodes, (place, value) in enumerate(_walk(tree), start=1):
        characters += sum(len(part) for part in (value, *place[-1:]) if isinstance(part, str))
        if characters > SIZE:
            raise ConfigError(f"{source}: texts of more than {SIZE} characters")
        if len(place) > DEPTH:
            raise ConfigError(f"{source}: {_place(place[:3])}...: more than {DEPTH} levels deep")
        if nodes > NODES:
            raise ConfigError(f"{source}: more than {NODES} keys and values")
        key = place[-1] if place else ""
        wrong = _mistake(key) if isinstance(key, str) else "a text is wanted as key"
        wrong = wrong or _mistake(value)
        if wrong:
            raise ConfigError(f"{source}: {_place(place)}: {wrong}")


def _walk(tree: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield every value with the keys that lead to it, the upper ones first."""
    waiting: list[tuple[tuple[Any, ...], Any]] = [((), tree)]
    while waiting:
        place, value = waiting.pop()
        yield place, value
        if isinstance(value, dict):
            waiting += [((*place, key), child) for key, child in value.items()]
        elif isinstance(value, list | tuple):
            waiting += [((*place, str(i)), child) for i, child in enumerate(value)]


def _unshared(tree: Any) -> Any:
    """Return a copy in which what an alias stands for is a thing of its own."""
    if isinstance(tree, dict):
        return {key: _unshared(value) for key, value in tree.items()}
    return [_unshared(value) for value in tree] if isinstance(tree, list) else tree


def _mistake(value: Any) -> str | None:
    """Return what is wrong with a key or a value, but for its children."""
    if isinstance(value, bool | dict | list | tuple | float) or value is None:
        return None
    if isinstance(value, int):
        return None if abs(value) < WHOLE else "a whole number of more than 63 bits"
    if not isinstance(value, str):
        return f"{_kind(value)} is nothing that a config holds"
    try:
        value.encode()
    except UnicodeEncodeError:
        return f"{shown(value)} has half a surrogate pair, which is no character"
    return f"{shown(value)} has a null character" if "\0" in value else None


def _place(keys: tuple[Any, ...]) -> str:
    return (
        ".".join(k if isinstance(k, str) and k.isprintable() else shown(k) for k in keys) or "top"
    )


def _kind(value: Any) -> str:
    return {str: "text"}.get(type(value), type(value).__name__)


def _text_of(path: Path) -> str:
    why = why_no_file(path)
    if why == ABSENT:
        raise ConfigError(f"{path}: no such config file{nearest_file(path, '*.yaml')}")
    if why:
        raise ConfigError(f"{shown_path(path)}: no config file: it {why}")
    try:
        with path.open("rb") as file:
            data = file.read(SIZE + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > SIZE:
        raise ConfigError(f"{path}: larger than {SIZE // 1_000_000} MB, the most of a config file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}, line {line}: not in UTF-8") from error


def _check_bounds(text: str) -> None:
    """Refuse what would take too long or too deep to build; nothing is built here.

    Raises:
        YAMLError: It is no YAML, or beyond a bound.
    """
    sizes: dict[str, int] = {}  # by anchor, with what its aliases stand for
    opened: list[tuple[str | None, int]] = []  # anchor, size before it
    size = 0
    for event in yaml.parse(text, Loader=_Base):
        if isinstance(event, yaml.NodeEvent):
            size += 1
        if isinstance(event, yaml.AliasEvent):
            if event.anchor in (anchor for anchor, _ in opened):
                raise _beyond(f"*{event.anchor} stands within itself", event)
            size += sizes.get(event.anchor, 0)
        elif isinstance(event, yaml.CollectionStartEvent):
            opened.append((event.anchor, size - 1))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor is not None:
                sizes[anchor] = size - before
        if len(opened) > DEPTH:
            raise _beyond(f"more than {DEPTH} levels deep", event)
        if size > NODES:
            raise _beyond(f"more than {NODES} keys and values, aliases counted as often", event)


def _beyond(problem: str, event: yaml.Event) -> yaml.YAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


class _Loader(_Base):
    """PyYAML's safe loader with the rules of this module."""

    yaml_implicit_resolvers = {
        first: [(tag, regex) for tag, regex in pairs if not tag.endswith((":timestamp", ":float"))]
        for first, pairs in _Base.yaml_implicit_resolvers.items()
    }

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._checked: set[int] = set()  # ids of nodes, which all live as long as the document

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Take in what ``<<`` names; the mapping's own keys must be texts, each there once."""
        if id(node) not in self._checked:
            self._checked.add(id(node))
            self._check_keys(node)
        super().flatten_mapping(node)

    def _check_keys(self, node: yaml.MappingNode) -> None:
        own = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise _mistaken(f"a text is wanted as key, got {shown(key)}; quote it", key_node)
            if key in own:
                raise _mistaken(f"found duplicate key {key}", key_node)
            own.add(key)

    def construct_number(self, node: yaml.ScalarNode) -> int | float:
        """Return a number whose text has a bounded length."""
        if len(node.value) > DIGITS:
            raise _mistaken(f"a number of more than {DIGITS} characters", node)
        whole = node.tag.endswith(":int")
        return self.construct_yaml_int(node) if whole else self.construct_yaml_float(node)


def _mistaken(problem: str, node: yaml.Node) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(problem=problem, problem_mark=node.start_mark)


def _refuse(loader: Any, node: yaml.Node) -> None:
    raise _mistaken(
        f"a config has no values of {node.tag.replace('tag:yaml.org,2002:', '!!')}", node
    )


# YAML 1.2 and everyone: 1e-4 is a number. YAML 1.1, which PyYAML follows, wants 1.0e-4.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"""^(?:[-+]?[0-9]+(?:_[0-9]+)*\.[0-9_]*(?:[eE][-+]?[0-9]+)?
        |[-+]?[0-9]+(?:_[0-9]+)*[eE][-+]?[0-9]+
        |\.[0-9]+(?:_[0-9]+)*(?:[eE][-+][0-9]+)?
        |[-+]?[0-9]+(?:_[0-9]+)*(?::[0-5]?[0-9])+\.[0-9_]*
        |[-+]?\.(?:inf|Inf|INF)
        |\.(?:nan|NaN|NAN))$""",
        re.X,
    ),
    list("-+0123456789."),
)
for _name in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_name}", _Loader.construct_number)
for _name in ("binary", "omap", "pairs", "set", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_name}", _refuse)
