"""Timing models part by part, in turn, so that the noise of a machine hits all alike."""

import multiprocessing
import re
import statistics
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tcm.structures import TextInstances

_LONGEST = 10_000  # characters; a recognizer reads as many as it can
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


class Subject(ABC):
    """A model ready to be timed on one batch.

    Args:
        name: Of the config.
        model: It is put into its deployed form.
        images: (B, 3, H, W) uint8 on the device.
    """

    def __init__(self, name: str, model: Any, images: Tensor) -> None:
        self.model = model.eval()
        self.model.deploy()
        self.model.to(images.device, memory_format=torch.channels_last)
        self.images = images
        self.profile = Profile(name, sum(p.numel() for p in model.parameters()))

    @abstractmethod
    def forward(self) -> None:
        """Run the network."""

    @abstractmethod
    def decode(self) -> object:
        """Turn predictions into texts."""

    @abstractmethod
    def parts(self) -> dict[str, float]:
        """Run the model and return what each part took, in milliseconds."""

    def time_total(self) -> None:
        """Add one timing of forward pass and decoding."""
        forward = self._time(self.forward)
        self.profile.total_ms.append(forward + self._time(self.decode))

    def time_parts(self) -> None:
        """Add one timing of each part."""
        for name, milliseconds in self.parts().items():
            self.profile.parts_ms.setdefault(name, []).append(milliseconds)

    def _time_methods(self, methods: Mapping[str, tuple[object, str]]) -> dict[str, float]:
        """Run the network and return what some methods took of it, all their calls together.

        Args:
            methods: Part to an object and the name of its method.
        """
        spent = dict.fromkeys(methods, 0.0)
        for part, (owner, name) in methods.items():
            setattr(owner, name, self._clocked(getattr(owner, name), part, spent))
        try:
            spent["forward"] = self._time(self.forward)
        finally:
            for owner, name in methods.values():
                delattr(owner, name)  # what the class has is seen again
        return spent

    def _clocked(
        self, method: Callable[..., Any], part: str, spent: dict[str, float]
    ) -> Callable[..., Any]:
        def clocked(*arguments: Any, **options: Any) -> Any:
            start = self._now()
            result = method(*arguments, **options)
            spent[part] += self._now() - start
            return result

        return clocked

    def _time(self, function: Callable[[], object]) -> float:
        start = self._now()
        function()
        return self._now() - start

    def _now(self) -> float:
        if self.images.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() * 1e3


class DetectorSubject(Subject):
    """A detector or spotter; its decoding is timed on the ideal predictions of the batch.

    Args:
        name: As of `Subject`.
        model: As of `Subject`.
        images: As of `Subject`.
        targets: Target maps of the batch.
    """

    def __init__(self, name: str, model: Any, images: Tensor, targets: dict[str, Tensor]) -> None:
        super().__init__(name, model, images)
        self.predictions = self.model.head.predictions_of(targets)

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

    def parts(self) -> dict[str, float]:
        """Return trunk, prompting (the rest of the backbone), neck, head and decoding."""
        model = self.model
        modules = {"backbone": model.backbone, "neck": model.neck, "head": model.head}
        if hasattr(model.backbone, "trunk"):
            modules["trunk"] = model.backbone.trunk
        spent = self._time_methods({part: (module, "forward") for part, module in modules.items()})
        trunk = spent.get("trunk", spent["backbone"])  # one of the user's own may be all trunk
        return {
            "trunk": trunk,
            "prompting": spent["backbone"] - trunk,
            "neck": spent["neck"],
            "head": spent["head"],
            "decoding": self._time(self.decode),
        }


class RecognizerSubject(Subject):
    """A recognizer; every text is read to the greatest length, which takes longest."""

    logits: Tensor

    @torch.inference_mode()
    def forward(self) -> None:
        """Run the network."""
        self.logits = self.model(self.images, max_length=_LONGEST)

    def decode(self) -> list[tuple[str, float]]:
        """Turn the last logits into texts."""
        return self.model.decode(self.logits)

    def parts(self) -> dict[str, float]:
        """Return the encoders that there are, the decoder (the rest of the network), decoding."""
        model = self.model
        methods: dict[str, tuple[object, str]] = {}
        if hasattr(model, "encoder"):
            methods["encoder"] = (model.encoder, "forward")
        if hasattr(model, "clip"):
            methods["encoder"] = (model.clip, "image_memory")
            methods["text encoder"] = (model.clip, "text_memory")
        spent = self._time_methods(methods)
        encoders = {part: spent[part] for part in methods}
        return {
            **encoders,
            "decoder": spent["forward"] - sum(encoders.values()),
            "decoding": self._time(self.decode),
        }


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
