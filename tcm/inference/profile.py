"""Timing models part by part, in turn, so that the noise of a machine hits all alike."""

import multiprocessing
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tcm.structures import TextInstances

_MIB = 2**20


@dataclass
class Profile:
    """Timings of one model, in milliseconds a batch, one entry a round.

    Attributes:
        name: Of the config.
        parameters: As deployed: without FastTCM's text side and without auxiliary losses.
        total_ms: Forward pass and decoding.
        parts_ms: Part to timings; parts are timed in runs of their own.
        peak_mib: Peak memory: of the GPU's allocations, or of a process of its own on the CPU.
    """

    name: str
    parameters: int
    total_ms: list[float] = field(default_factory=list)
    parts_ms: dict[str, list[float]] = field(default_factory=dict)
    peak_mib: float = 0.0

    def median(self, part: str | None = None) -> float:
        """Return the median in milliseconds of the whole or of a part."""
        return statistics.median(self.total_ms if part is None else self.parts_ms[part])


class Subject:
    """A model ready to be timed on one batch.

    Args:
        name: Of the config.
        model: A detector; it is put into its deployed form.
        images: (B, 3, H, W) uint8 on the device.
        targets: Target maps of the batch, which the decoding is timed on.
    """

    def __init__(self, name: str, model: Any, images: Tensor, targets: dict[str, Tensor]) -> None:
        self.model = model.eval()
        self.model.deploy()
        self.model.to(images.device, memory_format=torch.channels_last)
        self.images = images
        self.predictions = self.model.head.predictions_of(targets)
        self.profile = Profile(name, sum(p.numel() for p in model.parameters()))

    @torch.inference_mode()
    def forward(self) -> None:
        """Run the network."""
        self.model(self.images)

    def decode(self) -> list[TextInstances]:
        """Decode the ideal predictions of the batch."""
        batch, _, height, width = self.images.shape
        return self.model.head.decode(
            self.predictions, [np.eye(3)] * batch, [(height, width)] * batch
        )

    def time_total(self) -> None:
        """Add one timing of forward pass and decoding."""
        forward = self._time(self.forward)
        self.profile.total_ms.append(forward + self._time(self.decode))

    def time_parts(self) -> None:
        """Add one timing of each part."""
        parts: dict[str, float] = {}
        handles = [
            handle
            for name, module in self._modules().items()
            for handle in self._clock(name, module, parts)
        ]
        try:
            self.forward()
        finally:
            for handle in handles:
                handle.remove()
        parts["prompting"] = parts.pop("backbone") - parts["trunk"]
        parts["decoding"] = self._time(self.decode)
        for name in ("trunk", "prompting", "neck", "head", "decoding"):
            self.profile.parts_ms.setdefault(name, []).append(parts[name])

    def _modules(self) -> dict[str, nn.Module]:
        model = self.model
        return {
            "backbone": model.backbone,
            # A backbone of the user's own may be all trunk.
            "trunk": getattr(model.backbone, "trunk", model.backbone),
            "neck": model.neck,
            "head": model.head,
        }

    def _clock(self, name: str, module: nn.Module, parts: dict[str, float]) -> list:
        def start(*_: object) -> None:
            parts[name] = self._now()

        def stop(*_: object) -> None:
            parts[name] = self._now() - parts[name]

        return [module.register_forward_pre_hook(start), module.register_forward_hook(stop)]

    def _time(self, function: Callable[[], object]) -> float:
        start = self._now()
        function()
        return self._now() - start

    def _now(self) -> float:
        if self.images.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() * 1e3


def profile_in_turn(subjects: Sequence[Subject], rounds: int, warmup: int) -> list[Profile]:
    """Time all subjects, one run of each after the other, `rounds` times; return their profiles."""
    for i in range(warmup + rounds):
        for subject in subjects:
            subject.time_total()
            subject.time_parts()
            if i < warmup:
                subject.profile.total_ms.clear()
                subject.profile.parts_ms.clear()
    return [subject.profile for subject in subjects]


def cuda_peak_mib(subject: Subject) -> float:
    """Return the peak of the GPU memory allocated during one forward pass."""
    torch.cuda.reset_peak_memory_stats()
    subject.forward()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() / _MIB


def process_peak_mib(function: Callable[..., None], *arguments: object) -> float:
    """Return the peak resident memory of a fresh process that calls `function(*arguments)`."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_peak_after, (function, *arguments))


def _peak_after(function: Callable[..., None], *arguments: object) -> float:
    function(*arguments)
    status = Path("/proc/self/status")
    if status.exists():  # Linux's ru_maxrss starts at that of the parent process
        peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        assert peak is not None, "the kernel reports no peak"
        return int(peak[1]) * 1024 / _MIB
    import resource  # not on Windows, where everything else of this module works

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MIB
