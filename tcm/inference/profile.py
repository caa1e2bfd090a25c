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

from tcm.inference.compiled import compiled
from tcm.inference.counts import Counts, count
from tcm.inference.variants import Variant
from tcm.structures import TextInstances

_LONGEST = 10_000  # characters; a recognizer reads as many as it can
_MIB = 2**20


@dataclass
class Profile:
    """Timings of one model, in milliseconds a batch, one entry a round.

    Attributes:
        name: Of the config.
        parameters: As deployed: without FastTCM's text side and without auxiliary losses.
        total_ms: Forward pass and decoding; or a training step.
        parts_ms: Part to timings; parts are timed in runs of their own.
        peak_mib: Peak memory: of the GPU's allocations, or of a process of its own on the CPU.
        counts: Operations, launches and waits of one run of the network.
    """

    name: str
    parameters: int
    total_ms: list[float] = field(default_factory=list)
    parts_ms: dict[str, list[float]] = field(default_factory=dict)
    peak_mib: float = 0.0
    counts: Counts | None = None

    def median(self, part: str | None = None) -> float:
        """Return the median in milliseconds of the whole or of a part."""
        return statistics.median(self.total_ms if part is None else self.parts_ms[part])


class Timed(ABC):
    """Something that can be timed as a whole and part by part.

    Attributes:
        model: Its network.
        images: (B, 3, H, W) uint8 on the device.
        profile: What was found.
    """

    model: Any
    images: Tensor
    profile: Profile

    @abstractmethod
    def time_total(self) -> None:
        """Add one timing of the whole."""

    @abstractmethod
    def parts(self) -> dict[str, float]:
        """Run everything and return what each part took, in milliseconds."""

    @abstractmethod
    def counts(self) -> Counts:
        """Return what one run of the network, uncompiled, asks of the device."""

    def time_parts(self) -> None:
        """Add one timing of each part."""
        for name, milliseconds in self.parts().items():
            self.profile.parts_ms.setdefault(name, []).append(milliseconds)

    def time_methods(
        self, methods: Mapping[str, tuple[object, str]], run: Callable[[], object]
    ) -> dict[str, float]:
        """Run the network and return what some methods took of it, all their calls together.

        Args:
            methods: Part to an object and the name of its method.
            run: Runs the network.

        Returns:
            By part; ``forward`` is the whole of it.
        """
        spent = dict.fromkeys(methods, 0.0)
        for part, (owner, name) in methods.items():
            setattr(owner, name, self._clocked(getattr(owner, name), part, spent))
        try:
            spent["forward"] = self.time(run)
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

    def time(self, function: Callable[[], object]) -> float:
        """Return the milliseconds that something takes."""
        start = self._now()
        function()
        return self._now() - start

    def _now(self) -> float:
        if self.images.device.type == "cuda":
            torch.cuda.synchronize()
        return _clock(self.images.device)() * 1e3


class Subject(Timed):
    """A model that predicts one batch again and again.

    Args:
        name: Of the config.
        model: It is put into its deployed form.
        images: (B, 3, H, W) uint8 on the device.
        variant: Precision, folding and compilation.
    """

    def __init__(self, name: str, model: Any, images: Tensor, variant: Variant) -> None:
        self.model = model.eval().requires_grad_(False)
        self.model.deploy(fold=variant.fold)
        self.model.to(images.device, memory_format=torch.channels_last)
        self.images, self.variant = images, variant
        self.network = compiled(self.model, images.device) if variant.compile else self.model
        self.profile = Profile(name, sum(p.numel() for p in model.parameters()))

    @abstractmethod
    def run(self, network: Callable[..., Any]) -> None:
        """Run the network, compiled or not, on the images."""

    @abstractmethod
    def decode(self) -> object:
        """Turn predictions into texts."""

    def forward(self) -> None:
        """Run the network as the variant says."""
        with torch.inference_mode(), self.variant.autocast(self.images.device):
            self.run(self.network)

    def time_total(self) -> None:
        """Add one timing of forward pass and decoding."""
        forward = self.time(self.forward)
        self.profile.total_ms.append(forward + self.time(self.decode))

    def counts(self) -> Counts:
        """Return what one forward pass asks of the device, uncompiled."""

        def forward() -> None:
            with torch.no_grad(), self.variant.autocast(self.images.device):
                self.run(self.model)

        return count(forward, self.images.device)


class DetectorSubject(Subject):
    """A detector or spotter; its decoding is timed on the ideal predictions of the batch.

    Args:
        name: As of `Subject`.
        model: As of `Subject`.
        images: As of `Subject`.
        variant: As of `Subject`.
        targets: Target maps of the batch.
    """

    def __init__(
        self, name: str, model: Any, images: Tensor, variant: Variant, targets: dict[str, Tensor]
    ) -> None:
        super().__init__(name, model, images, variant)
        self.predictions = self.model.head.predictions_of(targets)

    def run(self, network: Callable[..., Any]) -> None:
        """Run the network, compiled or not, on the images."""
        network(self.images)

    def decode(self) -> list[TextInstances]:
        """Decode the ideal predictions of the batch."""
        batch, _, height, width = self.images.shape
        return self.model.head.decode(
            self.predictions, [np.eye(3)] * batch, [(height, width)] * batch
        )

    def parts(self) -> dict[str, float]:
        """Return trunk, prompting (the rest of the backbone), neck, head and decoding.

        A compiled network has no parts.
        """
        parts = {}
        if not self.variant.compile:
            parts = detector_parts(self, self.forward)
            del parts["forward"]
        return {**parts, "decoding": self.time(self.decode)}


class RecognizerSubject(Subject):
    """A recognizer; every text is read to the greatest length, which takes longest."""

    logits: Tensor

    def run(self, network: Callable[..., Any]) -> None:
        """Run the network, compiled or not, on the images."""
        self.logits = network(self.images, max_length=_LONGEST)

    def decode(self) -> list[tuple[str, float]]:
        """Turn the last logits into texts."""
        return self.model.decode(self.logits)

    def parts(self) -> dict[str, float]:
        """Return the encoders that there are, the decoder (the rest of the network), decoding.

        A compiled network has no parts.
        """
        model = self.model
        if self.variant.compile:
            return {"decoding": self.time(self.decode)}
        methods: dict[str, tuple[object, str]] = {}
        if hasattr(model, "encoder"):
            methods["encoder"] = (model.encoder, "forward")
        if hasattr(model, "clip"):
            methods["encoder"] = (model.clip, "image_memory")
            methods["text encoder"] = (model.clip, "text_memory")
        spent = self.time_methods(methods, self.forward)
        encoders = {part: spent[part] for part in methods}
        return {
            **encoders,
            "decoder": spent["forward"] - sum(encoders.values()),
            "decoding": self.time(self.decode),
        }


def detector_parts(subject: Timed, run: Callable[[], object]) -> dict[str, float]:
    """Run a detector and return what trunk, prompting, neck, head and all of it took, in ms.

    Prompting is the rest of the backbone.
    """
    model = subject.model
    modules = {"backbone": model.backbone, "neck": model.neck, "head": model.head}
    if hasattr(model.backbone, "trunk"):
        modules["trunk"] = model.backbone.trunk
    methods = {part: (module, "forward") for part, module in modules.items()}
    spent = subject.time_methods(methods, run)
    trunk = spent.get("trunk", spent["backbone"])  # one of the user's own may be all trunk
    prompting = spent["backbone"] - trunk
    return {
        "trunk": trunk,
        "prompting": prompting,
        **{k: spent[k] for k in ("neck", "head", "forward")},
    }


def counts_cpu_time(device: torch.device) -> bool:
    """Return whether times are of the processor and not of the wall: other programs add nothing.

    With several threads their times would add up.
    """
    return device.type == "cpu" and torch.get_num_threads() == 1


def _clock(device: torch.device) -> Callable[[], float]:
    return time.process_time if counts_cpu_time(device) else time.perf_counter


def profile_in_turn(subjects: Sequence[Timed], rounds: int, warmup: int) -> list[Profile]:
    """Time all subjects, one run of each after the other, `rounds` times; return their profiles.

    What each asks of the device is counted once.
    """
    for i in range(warmup + rounds):
        for subject in subjects:
            subject.time_total()
            subject.time_parts()
            if i < warmup:
                subject.profile.total_ms.clear()
                subject.profile.parts_ms.clear()
    for subject in subjects:
        subject.profile.counts = subject.counts()
    return [subject.profile for subject in subjects]


def cuda_peak_mib(run: Callable[[], object]) -> float:
    """Return the peak of the GPU memory allocated during one run."""
    torch.cuda.reset_peak_memory_stats()
    run()
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
