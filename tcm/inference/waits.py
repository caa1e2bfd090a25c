"""Count the places where a computation makes the host wait for the device.

A wait costs a GPU more than the copy itself: it stands still until the host has filled its queue
again. On CUDA the driver's own report is counted. On a CPU nothing waits, so the operators that
would are told by what they are: every tensor stands for one on the device, but those that are made
without a device, such as ``torch.rand(3)``, and what follows from such alone.
"""

import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

_PACKAGE = str(Path(__file__).resolve().parents[1])
_CUDA_REPORT = "called a synchronizing CUDA operation"

# Operators whose result, or its size, the host has to know.
_WAITING = {
    "_local_scalar_dense", "nonzero", "masked_select", "_unique", "_unique2", "unique_dim",
    "unique_consecutive", "unique_dim_consecutive", "bincount", "equal", "_ctc_loss",
    "_ctc_loss_backward", "_linalg_check_errors", "nms",
}  # fmt: skip
_INDEXING = {"index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index"}
# Methods that read a tensor on the host without an operator.
_READING = {"tolist", "numpy", "__array__", "cpu"}


@dataclass
class Waits:
    """What was counted.

    Attributes:
        places: Of each wait, in order: file and line of the code of this package that asked for it,
            or of whoever called, and what it was.
    """

    places: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Return the number of waits."""
        return len(self.places)

    def __str__(self) -> str:
        """Return a line for each place, with how often it waited."""
        return "\n".join(f"{place}: {times}" for place, times in Counter(self.places).items())


@contextmanager
def counted_waits(device: torch.device | str = "cpu") -> Iterator[Waits]:
    """Count the waits of the code inside, backward passes included.

    Args:
        device: Where the computation runs: a CUDA device, or the CPU in place of one.
    """
    waits = Waits()
    if torch.device(device).type == "cuda":
        with _reported_by_cuda(waits):
            yield waits
        return
    calls = _Calls(waits)
    with _Operators(waits, calls), calls:
        yield waits


@contextmanager
def _reported_by_cuda(waits: Waits) -> Iterator[None]:
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode(before)
    for warning in caught:
        if _CUDA_REPORT in str(warning.message):
            waits.places.append(f"{_short(warning.filename)}:{warning.lineno} synchronizing")
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )


class _Calls(TorchFunctionMode):
    """See what Python calls: copies between host and device, and which tensors the host makes.

    Tensors of the host are known by their storages, which are kept so that none is taken for
    another; their views share them.
    """

    def __init__(self, waits: Waits) -> None:
        super().__init__()
        self._waits = waits
        self._host: dict[int, torch.UntypedStorage] = {}

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
            self._waits.places.append(_place(name))
        elif name in ("__getitem__", "__setitem__") and on_device:
            self._index(name, args[1])
        elif name == "new_tensor" and on_device:
            self._waits.places.append(_place(name))
        result = func(*args, **kwargs)
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
            self._waits.places.append(_place(name))

    def _index(self, name: str, index: Any) -> None:
        """Count lists and arrays in an index, which are copied to the device."""
        parts = index if isinstance(index, tuple) else (index,)
        for part in parts:
            if isinstance(part, list) or type(part).__module__ == "numpy":
                self._waits.places.append(_place(f"{name} with a list"))

    def _moved(self, func: Callable[..., Any], args: tuple, kwargs: dict) -> Any:
        """Run ``tensor.to(...)``; count a copy between host and device.

        One to the device that is not blocking is taken to come from page-locked memory.
        """
        source, result = args[0], func(*args, **kwargs)
        target = self._target(args[1:], kwargs)
        if target is None or target == self.is_host(source):
            return result
        if target or not kwargs.get("non_blocking"):
            self._waits.places.append(_place("to the host" if target else "to the device"))
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


class _Operators(TorchDispatchMode):
    """See every operator, in backward passes too."""

    def __init__(self, waits: Waits, calls: _Calls) -> None:
        super().__init__()
        self._waits = waits
        self._calls = calls

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = func._schema.name.split("::")[1]
        given = list(_tensors((args, kwargs)))
        host = [t for t in given if self._calls.is_host(t)]
        if len(host) < len(given):
            self._waits.places.extend(self._waits_of(name, args, kwargs, host))
        result = func(*args, **kwargs)
        if given and len(host) == len(given):
            for tensor in _tensors(result):
                self._calls.mark(tensor)
        return result

    def _waits_of(self, name: str, args: tuple, kwargs: dict, host: list[Tensor]) -> list[str]:
        """Return the places of the waits of an operator with a tensor on the device."""
        if name in _WAITING:
            return [_place(name)]
        if name == "repeat_interleave":
            return [] if kwargs.get("output_size") is not None else [_place(name)]
        if name in _INDEXING:
            return [_place(reason) for reason in self._index(name, args)]
        # A host's scalar is passed by value, but not to a copy.
        mixed = any(t.dim() for t in host) or (host and name == "copy_")
        return [_place(f"{name} of host and device")] if mixed else []

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


def _place(what: str) -> str:
    """Return where this package, or else its caller, is at the moment, and what it does there."""
    frames = [
        frame
        for frame, _ in traceback.walk_stack(sys._getframe(1))
        if frame.f_code.co_filename != __file__
    ]
    own = (f for f in frames if f.f_code.co_filename.startswith(_PACKAGE))
    frame = next(own, None) or next(
        (f for f in frames if "/torch/" not in f.f_code.co_filename), frames[-1]
    )
    return f"{_short(frame.f_code.co_filename)}:{frame.f_lineno} {what}"


def _short(file: str) -> str:
    return str(Path(file).relative_to(Path(_PACKAGE).parent)) if file.startswith(_PACKAGE) else file
