"""A device imagined on the CPU: which operators would make the host wait for it.

Every tensor stands for one on the device, but those that are made without a device, such as
``torch.rand(3)``, and what follows from such alone.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

# Operators whose result, or its size, the host has to know.
_WAITING = {
    "_local_scalar_dense", "nonzero", "masked_select", "_unique", "_unique2", "unique_dim",
    "unique_consecutive", "unique_dim_consecutive", "bincount", "equal", "_ctc_loss",
    "_ctc_loss_backward", "_linalg_check_errors", "nms",
}  # fmt: skip
_INDEXING = {"index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index"}
# Methods that read a tensor on the host without an operator.
_READING = {"tolist", "numpy", "__array__", "cpu"}


class Calls(TorchFunctionMode):
    """See what Python calls: copies between host and device, and which tensors the host makes.

    Tensors of the host are known by their storages, which are kept so that none is taken for
    another; their views share them.
    """

    def __init__(self, record: Callable[[str], None]) -> None:
        super().__init__()
        self._record = record
        self._host: dict[int, torch.UntypedStorage] = {}
        self.fills = False  # whether a number is being written into a tensor

    def is_host(self, tensor: Tensor) -> bool:
        """Return whether a tensor lies on the host."""
        return tensor.untyped_storage()._cdata in self._host

    def mark(self, tensor: Tensor) -> None:
        """Take note that a tensor lies on the host."""
        storage = tensor.untyped_storage()
        self._host[storage._cdata] = storage

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        given = list(_tensors((args, kwargs)))
        on_device = [t for t in given if not self.is_host(t)]
        if name == "to":
            return self._moved(func, args, kwargs)
        if name in _READING and on_device:
            self._record(name)
        elif name in ("__getitem__", "__setitem__") and not self.is_host(args[0]):
            self._index(name, args[1])
        elif name == "new_tensor" and on_device:
            self._record(name)
        self.fills = name == "__setitem__" and not isinstance(args[2], Tensor)
        result = func(*args, **kwargs)
        self.fills = False
        if name == "cpu" and on_device:
            result = result.clone()  # the original stays on the device
            self.mark(result)
        elif not given and isinstance(result, Tensor):
            self._made(name, result, kwargs.get("device"))
        return result

    def _made(self, name: str, result: Tensor, device: Any) -> None:
        """Place a new tensor; from Python's numbers a device's is a copy."""
        if device is None or device == "cpu":
            self.mark(result)
        elif name in ("tensor", "as_tensor"):
            self._record(name)

    def _index(self, name: str, index: Any) -> None:
        """Count lists and arrays in an index, which are copied to the device."""
        for part in index if isinstance(index, tuple) else (index,):
            if isinstance(part, list) or type(part).__module__ == "numpy":
                self._record(f"{name} with a list")

    def _moved(self, func: Callable[..., Any], args: tuple, kwargs: dict) -> Any:
        """Run ``tensor.to(...)``; count a copy between host and device.

        One to the device that is not blocking is taken to come from page-locked memory.
        """
        source, result = args[0], func(*args, **kwargs)
        target = self._target(args[1:], kwargs)
        if target is None or target == self.is_host(source):
            return result
        if target or not kwargs.get("non_blocking"):
            self._record("to the host" if target else "to the device")
        result = result.clone() if result.data_ptr() == source.data_ptr() else result
        if target:
            self.mark(result)
        else:
            self._host.pop(result.untyped_storage()._cdata, None)
        return result

    def _target(self, args: tuple, kwargs: dict) -> bool | None:
        """Return whether arguments of ``to`` name the host; None if they name no place."""
        for value in (*args, *kwargs.values()):
            if isinstance(value, Tensor):
                return self.is_host(value)
            if isinstance(value, str):
                return value == "cpu"
            if isinstance(value, torch.device):
                return False
        return None


class Operators(TorchDispatchMode):
    """See every operator, in backward passes too."""

    def __init__(self, record: Callable[[str], None], calls: Calls) -> None:
        super().__init__()
        self._record = record
        self._calls = calls

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = func._schema.name.split("::")[1]
        given = list(_tensors((args, kwargs)))
        host = [t for t in given if self._calls.is_host(t)]
        if len(host) < len(given):
            for reason in self._reasons(name, args, kwargs, host):
                self._record(reason)
        result = func(*args, **kwargs)
        if given and len(host) == len(given):
            for tensor in _tensors(result):
                self._calls.mark(tensor)
        return result

    def _reasons(self, name: str, args: tuple, kwargs: dict, host: list[Tensor]) -> list[str]:
        """Return what waits in an operator with a tensor on the device."""
        if name in _WAITING:
            return [name]
        if name == "repeat_interleave":
            return [] if kwargs.get("output_size") is not None else [name]
        if name in _INDEXING:
            return self._index(name, args)
        # A host's scalar is passed by value, but not to a copy.
        mixed = any(t.dim() for t in host) or (host and name == "copy_")
        return [f"{name} of host and device"] if mixed and not self._calls.fills else []

    def _index(self, name: str, args: tuple) -> list[str]:
        """Return why an indexing waits: sizes of masks, copies of indices."""
        index = [t for t in args[1] if t is not None]
        masks = [t for t in index if t.dtype in (torch.bool, torch.uint8)]
        filled = name.startswith(("index_put", "_index_put")) and args[2].numel() == 1
        if filled and len(index) == len(masks) == 1:
            masks = []  # a masked fill
        copied = [t for t in index if t.dim() and self._calls.is_host(t)]
        return [f"{name} with a mask"] * len(masks) + [f"{name} from the host"] * len(copied)


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
