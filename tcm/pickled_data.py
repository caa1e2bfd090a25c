"""PyTorch's pickles as data: what they would call is written down and never called.

A pickle is a program. This reads the few instructions that ``torch.save`` and TorchScript write,
and makes of every class, function and call in them a record. Nothing is imported, looked up or
called, so that whatever a file asks for, reading it does nothing but make lists, dicts and records.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from pickle import UnpicklingError
from typing import IO, Any

INSTRUCTIONS = 2_000_000  # of a pickle; those of 4,800 tensors are 110,000
_KEYS = (str, bytes, int, float, type(None))  # bool is an int; a tuple may be nested without end


@dataclass(frozen=True)
class Global:
    """A class or a function, by its full name."""

    name: str


@dataclass(frozen=True)
class Storage:
    """A tensor's memory, which lies elsewhere in the file.

    Attributes:
        kind: Its class, such as ``torch.HalfStorage``.
        key: Its name in the file.
        length: Number of elements, as the pickle claims.
    """

    kind: str
    key: str
    length: int


@dataclass(eq=False)
class Call:
    """What a call of a class or function would have made.

    Attributes:
        name: Full name of what would have been called.
        arguments: What it would have been given.
        state: What the result's attributes would have been set to.
        items: What would have been put into the result as into a dict.
    """

    name: str
    arguments: Any
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)


@dataclass
class Unpickled:
    """A pickle's content and the storages that it mentions."""

    content: Any
    storages: list[Storage]


def unpickle(stream: IO[bytes]) -> Unpickled:
    """Read one pickle from a stream, which is left behind its end.

    Raises:
        UnpicklingError: It has an instruction that neither ``torch.save`` nor TorchScript writes,
            or too many.
        ValueError, IndexError, KeyError, TypeError, AttributeError: It is damaged.
    """
    machine = _Machine()
    for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        if count >= INSTRUCTIONS:
            raise UnpicklingError(f"more than {INSTRUCTIONS} instructions")
        instruction = _INSTRUCTIONS.get(opcode.name)
        if instruction is None:
            raise UnpicklingError(f"the instruction {opcode.name}")
        instruction(machine, argument)
    return Unpickled(machine.stack.pop(), machine.storages)


class _Machine:
    """The stack, the marks in it and the memory of a pickle's program."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marked: list[list[Any]] = []
        self.memory: dict[int, Any] = {}
        self.storages: list[Storage] = []

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def mark(self) -> None:
        self.marked.append(self.stack)
        self.stack = []

    def to_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.marked.pop()
        return items

    def last(self, count: int) -> tuple[Any, ...]:
        if len(self.stack) < count:
            raise IndexError("the stack is too short")
        items = tuple(self.stack[-count:])
        del self.stack[-count:]
        return items

    def call(self) -> None:
        called, arguments = self.last(2)
        self.push(Call(called.name, arguments))

    def build(self) -> None:
        (state,) = self.last(1)
        self.stack[-1].state = state

    def append(self, items: list[Any] | tuple[Any, ...]) -> None:
        if not isinstance(self.stack[-1], list):
            raise TypeError("no list to append to")
        self.stack[-1].extend(items)

    def set_items(self, items: list[Any] | tuple[Any, ...]) -> None:
        target = self.stack[-1].items if isinstance(self.stack[-1], Call) else self.stack[-1]
        keys = items[::2]
        if not isinstance(target, dict) or not all(isinstance(key, _KEYS) for key in keys):
            raise TypeError("no dict of plain keys")
        target.update(zip(keys, items[1::2], strict=True))

    def storage(self) -> None:
        ((word, kind, key, _, length, *_rest),) = self.last(1)
        if word not in ("storage", b"storage") or not isinstance(length, int) or length < 0:
            raise TypeError("no storage")
        self.storages.append(Storage(kind.name, str(key), length))
        self.push(self.storages[-1])


_VALUES = """
BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE SHORT_BINUNICODE SHORT_BINSTRING SHORT_BINBYTES
"""
_INSTRUCTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(_VALUES.split(), _Machine.push),
    **dict.fromkeys(("PROTO", "STOP"), lambda machine, _: None),
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "EMPTY_SET": lambda machine, _: machine.push(set()),
    "MARK": lambda machine, _: machine.mark(),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.to_mark())),
    "TUPLE1": lambda machine, _: machine.push(machine.last(1)),
    "TUPLE2": lambda machine, _: machine.push(machine.last(2)),
    "TUPLE3": lambda machine, _: machine.push(machine.last(3)),
    "APPEND": lambda machine, _: machine.append(machine.last(1)),
    "APPENDS": lambda machine, _: machine.append(machine.to_mark()),
    "SETITEM": lambda machine, _: machine.set_items(machine.last(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.to_mark()),
    "GLOBAL": lambda machine, name: machine.push(Global(name.replace(" ", ".", 1))),
    "REDUCE": lambda machine, _: machine.call(),
    "NEWOBJ": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.build(),
    "BINPERSID": lambda machine, _: machine.storage(),
    "BINPUT": lambda machine, i: machine.memory.update({i: machine.stack[-1]}),
    "LONG_BINPUT": lambda machine, i: machine.memory.update({i: machine.stack[-1]}),
    "BINGET": lambda machine, i: machine.push(machine.memory[i]),
    "LONG_BINGET": lambda machine, i: machine.push(machine.memory[i]),
}
