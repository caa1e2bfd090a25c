"""Whether a value of a config is what a signature's annotation says.

Understood are numbers, texts, paths, ``bool``, ``None``, ``Literal``, unions, lists, tuples,
mappings, and `Bounds` on a number. Every other annotation, such as a class of ours, is passed over:
no config can hold such a value.
"""

from __future__ import annotations

import functools
import inspect
import math
import numbers
import sys
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from tcm.errors import ConfigError, nearest, shown

T = TypeVar("T", bound=Callable[..., Any])

_NAMES = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    types.NoneType: "null",
    Path: "a path",
}


@dataclass(frozen=True)
class Bounds:
    """The range of a number, as metadata of ``Annotated[int, Bounds(ge=1)]``."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None

    def __contains__(self, value: Any) -> bool:
        return (
            (self.ge is None or value >= self.ge)
            and (self.gt is None or value > self.gt)
            and (self.le is None or value <= self.le)
            and (self.lt is None or value < self.lt)
        )

    def __str__(self) -> str:
        words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
        given = {name: getattr(self, name) for name in words}
        return " and ".join(f"{words[n]} {v:g}" for n, v in given.items() if v is not None)


Positive = Annotated[int, Bounds(ge=1)]
PositiveFloat = Annotated[float, Bounds(gt=0)]
NotNegative = Annotated[int, Bounds(ge=0)]
NotNegativeFloat = Annotated[float, Bounds(ge=0)]
Share = Annotated[float, Bounds(ge=0, le=1)]
OpenShare = Annotated[float, Bounds(gt=0, lt=1)]
Pair = tuple[Positive, Positive]  # such as height and width; lists of a config fit as well
PositivePair = tuple[PositiveFloat, PositiveFloat]


def require_multiple(what: str, value: int, divisor: int) -> None:
    """Refuse a width that its heads or groups do not share out evenly.

    Args:
        what: Class and argument, for the error.
        value: The width.
        divisor: The number of heads or groups.

    Raises:
        ConfigError: `value` is no multiple of `divisor`.
    """
    if value % divisor:
        raise ConfigError(f"{what}: a multiple of {divisor} is wanted, got {value}")


def hints_of(entry: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of the parameters of a class or function, with their metadata.

    One that cannot be resolved, such as a name that is imported for type checkers alone, is left
    out, and values for it are not checked.
    """
    init: Any = entry.__init__ if isinstance(entry, type) else entry  # type: ignore[misc]
    function = inspect.unwrap(init)
    if not inspect.isfunction(function):
        return {}  # built in, such as the constructor of a class that has none of its own
    own = function.__annotations__
    names = vars(sys.modules[function.__module__])
    found: dict[str, Any] = {}
    for name in inspect.signature(entry).parameters:
        if name in own:
            try:
                hint = types.SimpleNamespace(__annotations__={name: own[name]})
                found |= typing.get_type_hints(hint, names, include_extras=True)
            except NameError:
                continue
    return found


def mistake(value: Any, annotation: Any) -> str | None:
    """Return what is wanted in place of `value`, such as ``'quad' or 'poly'``; None if it fits."""
    if _fits(value, annotation):
        return None
    if isinstance(value, list | tuple) and (item := _item(annotation)) is not None:
        wrong = ((i, mistake(entry, item)) for i, entry in enumerate(value))
        place, reason = next((i, reason) for i, reason in wrong if reason)
        return f"entry {place}: {reason}"
    hint = nearest(value, _choices(annotation)) if isinstance(value, str) else ""
    hint = hint if hint.startswith("; did") else ""
    return f"{describe(annotation)} is wanted, got {shown(value)}{hint}"


def checked(entry: T) -> T:
    """Let a class refuse arguments that are not of their annotated types; it is changed in place.

    The error names the class and the argument. Functions are returned as they are.
    """
    if not isinstance(entry, type):
        return entry
    init: Any = entry.__init__  # type: ignore[misc]
    if not inspect.isfunction(init) or getattr(init, "checks_values", None) is entry:
        return entry

    @functools.wraps(init)
    def checking(self: Any, *args: Any, **kwargs: Any) -> None:
        hints = hints_of(entry)
        bound = inspect.signature(init).bind(self, *args, **kwargs)
        lines = [
            f"{entry.__name__}.{name}: {wrong}"
            for name, value in bound.arguments.items()
            if name in hints and (wrong := mistake(value, hints[name]))
        ]
        if lines:
            raise ConfigError(*lines)
        init(self, *args, **kwargs)

    checking.checks_values = entry  # type: ignore[attr-defined]
    entry.__init__ = checking  # type: ignore[misc]
    return entry


def describe(annotation: Any) -> str:
    """Return an annotation in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        bounds = [item for item in arguments[1:] if isinstance(item, Bounds)]
        return " ".join([describe(arguments[0]), *map(str, bounds)])
    if origin is Literal:
        return _either([_yaml(choice) for choice in arguments])
    if origin in (Union, types.UnionType):
        return _either([describe(choice) for choice in arguments])
    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        kinds = {describe(item) for item in arguments}
        return f"a list of {len(arguments)} ({', '.join(sorted(kinds))} each)"
    if _is_list(annotation):
        return f"a list (of {describe(arguments[0])})" if arguments else "a list"
    if _is_mapping(annotation):
        return "a mapping"
    return _NAMES.get(annotation, "a value")


def _fits(value: Any, annotation: Any) -> bool:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        bounds = [item for item in arguments[1:] if isinstance(item, Bounds)]
        return _fits(value, arguments[0]) and all(
            value in item for item in bounds if isinstance(value, numbers.Real)
        )
    if origin is Literal:
        return any(value == choice and type(value) is type(choice) for choice in arguments)
    if origin in (Union, types.UnionType):
        return any(_fits(value, choice) for choice in arguments)
    if annotation in (None, types.NoneType):
        return value is None
    if annotation is bool:
        return isinstance(value, bool)
    if annotation is int:
        return isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if annotation is float:
        return _is_real(value)
    if annotation is str:
        return isinstance(value, str)
    if annotation is Path:
        return isinstance(value, Path)
    if _is_mapping(annotation):
        return isinstance(value, Mapping)
    if _is_list(annotation):
        return _fits_list(value, origin, arguments)
    return True


def _is_real(value: Any) -> bool:
    """Tell whether a value is a number that can be calculated with: not infinite, not NaN."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    return isinstance(value, numbers.Integral) or math.isfinite(value)


def _fits_list(value: Any, origin: Any, arguments: tuple[Any, ...]) -> bool:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        return False
    if not isinstance(value, list | tuple) or not arguments:
        return True  # arrays and iterators: their items are their maker's business
    if origin is tuple and arguments[-1] is not Ellipsis:
        return len(value) == len(arguments) and all(map(_fits, value, arguments))
    return all(_fits(item, arguments[0]) for item in value)


def _item(annotation: Any) -> Any:
    """Return what each item of an annotated list must be; None if it has no such annotation."""
    if get_origin(annotation) is Annotated:
        return _item(get_args(annotation)[0])
    arguments = get_args(annotation)
    fixed = get_origin(annotation) is tuple and arguments[-1:] != (Ellipsis,)
    return arguments[0] if _is_list(annotation) and arguments and not fixed else None


def _is_list(annotation: Any) -> bool:
    kinds = (list, tuple, Sequence, Iterable, Collection)
    return (get_origin(annotation) or annotation) in kinds


def _is_mapping(annotation: Any) -> bool:
    return (get_origin(annotation) or annotation) in (dict, Mapping)


def _choices(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return [choice for choice in get_args(annotation) if isinstance(choice, str)]
    return [choice for item in get_args(annotation) for choice in _choices(item)]


def _either(words: Sequence[str]) -> str:
    unique = list(dict.fromkeys(words))
    return " or ".join([", ".join(unique[:-1]), unique[-1]] if len(unique) > 1 else unique)


def _yaml(choice: Any) -> str:
    return {None: "null", True: "true", False: "false"}.get(choice, repr(choice))
