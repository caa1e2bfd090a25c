"""Interpolations of a config: ``${a.b}``, another key's value, and ``${oc.env:NAME}``; OmegaConf's.

A few of them that refer to one another can stand for more than a memory holds, so what they stand
for is counted before it is made.
"""

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from tcm.errors import ConfigError, shown
from tcm.yaml_files import NODES, SIZE, check_tree

LENGTH = 1000  # characters of a text with an interpolation
COUNT = 1000  # interpolations of a config
COMPUTED = 16  # of a config in which one is computed: they can be followed in no other way
CHAIN = 20  # interpolations that lead to one another

_OPEN = "${"
_PLAIN = re.compile(r"\$\{([^${}:]*)\}")  # refers to a key
_OUTER = re.compile(r"\$\{oc\.env:[^${}]*\}")  # to what is not in the config
_NOWHERE = object()
_Place = tuple[str, ...]


def is_interpolated(value: Any) -> bool:
    """Tell whether a value is a text with an interpolation."""
    return isinstance(value, str) and _OPEN in value


def resolved(tree: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return a copy of a config with the values that its interpolations stand for.

    Args:
        tree: The config, checked by `check_tree`.
        source: Where it comes from, for the error.

    Raises:
        ConfigError: An interpolation refers to nothing, to itself or to too much.
    """
    leaves = {place: text for place, text in _texts(tree, ()) if is_interpolated(text)}
    if not leaves:
        return copy.deepcopy(dict(tree))
    _Count(tree, leaves, source).require_bounded()
    try:
        result: Any = OmegaConf.to_container(OmegaConf.create(dict(tree)), resolve=True)
    except (OmegaConfBaseException, RecursionError) as error:
        raise ConfigError(f"{source}: {_first_line(error)}") from error
    check_tree(result, source)
    return result


def check_syntax(value: Any, source: str) -> None:
    """Refuse an interpolation that is none.

    Raises:
        ConfigError: Its syntax is wrong, or it is too long.
    """
    leaves = {place: text for place, text in _texts({"": value}, ()) if is_interpolated(text)}
    _require_short(leaves, source)
    try:
        OmegaConf.create({str(i): text for i, text in enumerate(leaves.values())})
    except (OmegaConfBaseException, RecursionError) as error:
        raise ConfigError(f"{source}: {_first_line(error)}") from error


def _require_short(leaves: Mapping[_Place, str], source: str) -> None:
    for place, text in leaves.items():
        if len(text) > LENGTH:
            raise ConfigError(
                f"{source}: {'.'.join(place)}: a text with ${{}} of more than {LENGTH} characters"
            )
    if sum(text.count(_OPEN) for text in leaves.values()) > COUNT:
        raise ConfigError(f"{source}: more than {COUNT} interpolations")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _texts(node: Any, place: _Place) -> Iterator[tuple[_Place, str]]:
    if isinstance(node, str):
        yield place, node
    for key, child in _children(node):
        yield from _texts(child, (*place, key))


def _children(node: Any) -> list[tuple[str, Any]]:
    if isinstance(node, Mapping):
        return list(node.items())
    return [(str(i), child) for i, child in enumerate(node)] if isinstance(node, list) else []


class _Count:
    """How much a config is once its interpolations are resolved."""

    def __init__(self, tree: Mapping[str, Any], leaves: Mapping[_Place, str], source: str) -> None:
        self.tree, self.leaves, self.source = tree, leaves, source
        self._sizes: dict[_Place, int] = {}

    def require_bounded(self) -> None:
        """Refuse a config that is too much.

        Raises:
            ConfigError: The text names the bound.
        """
        _require_short(self.leaves, self.source)
        computed = [place for place, text in self.leaves.items() if self._is_computed(place, text)]
        total = sum(text.count(_OPEN) for text in self.leaves.values())
        if computed and total > COMPUTED:
            text = shown(self.leaves[computed[0]])
            raise ConfigError(
                f"{self.source}: {'.'.join(computed[0])}: {text} is computed; beside such a one no "
                f"more than {COMPUTED} interpolations are taken"
            )
        if self._size((), self.tree, ()) > SIZE + NODES:
            raise ConfigError(
                f"{self.source}: its interpolations stand for more than {SIZE} characters"
            )

    def _size(self, place: _Place, node: Any, chain: tuple[_Place, ...]) -> int:
        """Return the characters and nodes that a node is once it is resolved.

        Args:
            place: Where it stands.
            node: The node.
            chain: The texts with interpolations that lead to it.
        """
        if place not in self._sizes:
            if place in self.leaves:
                self._sizes[place] = self._size_of_text(place, chain)
            else:
                own = len(node) if isinstance(node, str) else 1
                below = (self._size((*place, k), n, chain) for k, n in _children(node))
                self._sizes[place] = own + sum(below)
        return self._sizes[place]

    def _size_of_text(self, place: _Place, chain: tuple[_Place, ...]) -> int:
        named = f"{self.source}: {'.'.join(place)}: {shown(self.leaves[place])}"
        if place in chain:
            raise ConfigError(f"{named} refers to itself")
        if len(chain) >= CHAIN:
            raise ConfigError(f"{named}: more than {CHAIN} interpolations lead to one another")
        size = len(self.leaves[place])
        for reference in _PLAIN.findall(self.leaves[place]):
            target = _target(reference, place)
            size += self._size(target, _at(self.tree, target), (*chain, place))
        return size

    def _is_computed(self, place: _Place, text: str) -> bool:
        """Tell whether a text has anything but the two plain kinds, or what is not found."""
        text = _OUTER.sub("", text)
        found = (match for match in _PLAIN.finditer(text))
        lost = any(_at(self.tree, _target(match[1], place)) is _NOWHERE for match in found)
        return lost or _OPEN in _PLAIN.sub("", text)


def _target(reference: str, place: _Place) -> _Place:
    """Return the place that ``a.b``, ``a[b]``, or the relative ``.a`` and ``..a`` of it, is."""
    key = reference.strip().replace("[", ".").replace("]", "")
    path = key.lstrip(".")
    up = len(key) - len(path)
    above = place[: max(0, len(place) - up)] if up else ()
    return (*above, *path.split(".")) if path else above


def _at(tree: Any, place: _Place) -> Any:
    """Return the node at a place, or `_NOWHERE`."""
    for key in place:
        tree = dict(_children(tree)).get(key, _NOWHERE)
    return tree
