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
