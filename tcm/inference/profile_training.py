"""Timing a training step part by part."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from tcm.inference.counts import Counts, count
from tcm.inference.profile import Profile, Timed, detector_parts
from tcm.inference.variants import Variant


class TrainingSubject(Timed):
    """A detector or spotter that is trained on one batch again and again.

    Args:
        name: Of the config.
        model: In training mode, on the device.
        images: (B, 3, H, W) uint8 on the device.
        targets: Target maps of the batch, on the device.
        optimizer: Of the model's parameters.
        make_batch: Makes a batch as a data worker does.
        variant: Precision and compilation.
    """

    def __init__(
        self,
        name: str,
        model: Any,
        images: Tensor,
        targets: dict[str, Tensor],
        optimizer: torch.optim.Optimizer,
        make_batch: Callable[[], object],
        variant: Variant,
    ) -> None:
        self.model = model
        self.images, self.targets = images, targets
        self.optimizer, self.make_batch, self.variant = optimizer, make_batch, variant
        self._loss = torch.compile(model.loss) if variant.compile else model.loss
        self.profile = Profile(name, sum(p.numel() for p in model.parameters()))

    def step(self) -> None:
        """Train one step on the batch, which is there already."""
        self._backward(self._total())
        self._update()

    def time_total(self) -> None:
        """Add one timing of a step, without the making of its batch."""
        self.profile.total_ms.append(self.time(self.step))

    def parts(self) -> dict[str, float]:
        """Return data, the forward pass by part, losses, backward pass and optimiser.

        Of a compiled network the forward pass and the losses are one.
        """
        data = {"data": self.time(self.make_batch)}
        losses: list[Tensor] = []
        if self.variant.compile:
            forward = {"losses": self.time(lambda: losses.append(self._total()))}
        else:
            forward = detector_parts(self, lambda: losses.append(self._total()))
            whole = forward.pop("forward")
            forward["losses"] = whole - sum(forward.values())
        backward = self.time(lambda: self._backward(losses[0]))
        return {**data, **forward, "backward": backward, "optimiser": self.time(self._update)}

    def counts(self) -> Counts:
        """Return what one step asks of the device, uncompiled."""
        compiled, self._loss = self._loss, self.model.loss
        try:
            device = self.images.device
            # An optimiser's counters lie on the host, which an imagined device can't know.
            waiting = None if device.type == "cuda" else lambda: self._backward(self._total())
            return count(self.step, device, waiting)
        finally:
            self._loss = compiled

    def _total(self) -> Tensor:
        with self.variant.autocast(self.images.device):
            return torch.stack(list(self._loss(self.images, self.targets).values())).sum()

    def _backward(self, total: Tensor) -> None:
        total.backward()

    def _update(self) -> None:
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
