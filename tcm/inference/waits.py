"""Count the places where a computation makes the host wait for the device.

A wait costs a GPU more than the copy itself: it stands still until the host has filled its queue
again. On CUDA the driver's own report is counted; on a CPU, where nothing waits, what would.
"""

import re
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch

from tcm.inference.imagined_device import Calls, Operators

_HERE = Path(__file__).resolve().parent
_PACKAGE = str(_HERE.parent)
_LEFT_OUT = re.compile(r"[/\\](torch|torchvision|contextlib)(\.py)?([/\\]|$)")
_CUDA_REPORT = "called a synchronizing CUDA operation"


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
    record: Callable[[str], None] = lambda what: waits.places.append(f"{_place()} {what}")  # noqa: E731
    calls = Calls(record)
    with Operators(record, calls), calls:
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


def _place() -> str:
    """Return where this package, or else its caller, is at the moment."""
    files = {str(_HERE / name) for name in ("waits.py", "imagined_device.py")}
    frames = [
        frame
        for frame, _ in traceback.walk_stack(sys._getframe())
        if frame.f_code.co_filename not in files and not _LEFT_OUT.search(frame.f_code.co_filename)
    ]
    own = (frame for frame in frames if frame.f_code.co_filename.startswith(_PACKAGE))
    frame = next(own, frames[0])
    return f"{_short(frame.f_code.co_filename)}:{frame.f_lineno}"


def _short(file: str) -> str:
    return str(Path(file).relative_to(Path(_PACKAGE).parent)) if file.startswith(_PACKAGE) else file
