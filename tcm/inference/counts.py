"""What a computation asks of a device: floating point operations, launches, waits.

Unlike times these do not depend on the machine, so they say on a CPU what a GPU will be asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from tcm.inference.waits import counted_waits

# Operators that make or rename a tensor without running a kernel on its values.
_WITHOUT_KERNEL = {"empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided",
                   "_unsafe_view", "_reshape_alias", "detach", "lift_fresh"}  # fmt: skip


@dataclass(frozen=True)
class Counts:
    """Of one forward pass or one training step, its whole batch.

    Attributes:
        gflops: Of matrix products, convolutions and attention, a multiplication and an addition
            being two; in units of 10^9. What torchvision computes itself, such as deformable
            convolutions, is not seen.
        launches: Kernels on CUDA; on a CPU the operators that run one each, views left out.
        waits: For the device, as of `counted_waits`.
    """

    gflops: float
    launches: int
    waits: int


def count(
    run: Callable[[], object], device: torch.device, waiting: Callable[[], object] | None = None
) -> Counts:
    """Run something three times and count; it must have run before, so that nothing is prepared.

    Args:
        run: What is counted.
        device: Where it runs.
        waiting: The part of it whose waits are counted; None for the whole.
    """
    flops = FlopCounterMode(display=False)
    with flops:
        run()
    with counted_waits(device) as waits:
        (waiting or run)()
    return Counts(flops.get_total_flops() / 1e9, _launches(run, device), waits.count)


def _launches(run: Callable[[], object], device: torch.device) -> int:
    if device.type != "cuda":
        with _Operators() as operators:
            run()
        return operators.count
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as trace:
        run()
        torch.cuda.synchronize(device)
    events = [event for event in trace.events() if event.device_type == DeviceType.CUDA]
    return sum(not event.name.startswith(("Memcpy", "Memset")) for event in events)


class _Operators(TorchDispatchMode):
    """Count the operators that would launch kernels, in backward passes too."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        name = func._schema.name.split("::")[1]
        self.count += not (func.is_view or name in _WITHOUT_KERNEL)
        return func(*args, **(kwargs or {}))
