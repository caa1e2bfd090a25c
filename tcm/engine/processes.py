"""What the processes of a run tell one another; a single one tells itself."""

from typing import Any

import torch


def distributed() -> bool:
    """Tell whether there are several processes."""
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def of_all(item: Any) -> list[Any]:
    """Return every process's item, in the order of the ranks; all call this together."""
    if not distributed():
        return [item]
    parts: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(parts, item)
    return parts


def in_first(item: Any) -> list[Any] | None:
    """Return every process's item as `of_all` does, in the first process; None in the others."""
    if not distributed():
        return [item]
    first = torch.distributed.get_rank() == 0
    parts: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.gather_object(item, parts if first else None)
    return parts if first else None


def from_first(item: Any) -> Any:
    """Return the first process's item in all of them."""
    if not distributed():
        return item
    items = [item]
    torch.distributed.broadcast_object_list(items)
    return items[0]


class Agreement:
    """What any process wants, known to all of them at the same step.

    Several exchange it beside the computing of a step, on the host, so that nothing waits for it:
    what is wanted is known a step later. A single process knows at once.
    """

    def __init__(self) -> None:
        self._group: Any = None
        self._wanted: torch.Tensor | None = None
        self._exchange: Any = None

    def __call__(self, *wants: bool) -> list[bool]:
        """Return what any process wanted; all call this together, at every step."""
        if not distributed():
            return list(wants)
        if self._group is None:
            self._group = torch.distributed.new_group(backend="gloo")
        known = [False] * len(wants)
        if self._exchange is not None and self._wanted is not None:
            self._exchange.wait()
            known = self._wanted.bool().tolist()
        self._wanted = torch.tensor(wants, dtype=torch.uint8)
        self._exchange = torch.distributed.all_reduce(
            self._wanted, torch.distributed.ReduceOp.MAX, self._group, async_op=True
        )
        return known
