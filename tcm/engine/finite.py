"""Ending a run whose losses are not finite any more."""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from tcm.devices import HostTensors, to_host
from tcm.errors import TrainingError
from tcm.files import write_json

log = logging.getLogger("tcm")
_BEHIND = 32  # steps that the host may be ahead of the device
_NAMED = 3


@dataclass
class _Step:
    number: int
    losses: Mapping[str, Tensor]
    images: list[str]
    told: HostTensors  # with ``finite``


class FiniteLosses(Callback):
    """End a run when its loss was not finite for some steps in a row.

    Nothing waits for the device: what it says of a step is read when it is there.

    Args:
        folder: Where ``nonfinite.json`` is written, with the losses and the images of these steps.
        patience: How many steps.
        good: Tells which checkpoint is the last good one.
    """

    def __init__(self, folder: Path, patience: int, good: Callable[[], str]) -> None:
        self.file = folder / "nonfinite.json"
        self.patience = patience
        self.good = good
        self._steps: deque[_Step] = deque()
        self._bad: list[_Step] = []

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look at the losses whose values have arrived.

        Raises:
            TrainingError: Too many in a row are not finite.
        """
        paths = [sample.path for sample in batch.samples]
        losses = pl_module.losses
        finite = torch.stack([value.float() for value in losses.values()]).isfinite().all()
        step = _Step(trainer.global_step, losses, paths, to_host({"finite": finite}))
        self._steps.append(step)
        self._look(len(self._steps) - _BEHIND)

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Leave out the validation of weights that such a loss has spoilt.

        Raises:
            TrainingError: They are not finite.
        """
        self._look(len(self._steps))
        if self._bad and not all_finite(pl_module):
            self._end()

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Look at the rest."""
        self._look(len(self._steps))

    def _look(self, at_least: int) -> None:
        """Judge the steps of which the device has told, and so many in any case."""
        while self._steps and (at_least > 0 or self._steps[0].told.ready()):
            self._judge(self._steps.popleft())
            at_least -= 1

    def _judge(self, step: _Step) -> None:
        if bool(step.told.wait()["finite"]):
            self._bad = []
            return
        self._bad.append(step)
        if len(self._bad) == 1:
            log.warning("step %d: %s; images: %s", step.number, _values(step), _names(step.images))
        if len(self._bad) >= self.patience:
            self._end()

    def _end(self) -> NoReturn:
        step, count = self._bad[-1], len(self._bad)
        content = [
            {"step": s.number, "losses": _numbers(s.losses), "images": s.images} for s in self._bad
        ]
        write_json(self.file, content)
        steps = "1 step" if count == 1 else f"{count} steps in a row"
        raise TrainingError(
            f"the loss was not finite for {steps}, up to step {step.number}: {_values(step)}; the "
            f"images are in {self.file}; {self.good()}"
        )


def all_finite(module: torch.nn.Module) -> bool:
    """Tell whether all parameters of a module are finite."""
    values = [p for p in module.parameters() if p.is_floating_point() and p.numel()]
    return bool(torch.stack([value.detach().isfinite().all() for value in values]).all())


def _numbers(losses: Mapping[str, Tensor]) -> dict[str, str | float]:
    """Return the values; those that JSON has no number for as text."""
    values = {name: float(value) for name, value in losses.items()}
    return {n: v if torch.isfinite(torch.tensor(v)) else str(v) for n, v in values.items()}


def _values(step: _Step) -> str:
    bad = {name: value for name, value in _numbers(step.losses).items() if isinstance(value, str)}
    return ", ".join(f"{name} is {value}" for name, value in bad.items())


def _names(images: list[str]) -> str:
    return ", ".join(images[:_NAMED]) + (", ..." if len(images) > _NAMED else "")
