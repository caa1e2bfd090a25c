"""The Lightning module: one training step, one validation, the optimiser.

It knows no particular model, data or metric.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import lightning
import torch
from torch import Tensor

from tcm.contracts import Model
from tcm.engine.optimizers import parameter_groups
from tcm.engine.schedules import Schedule
from tcm.registry import OPTIMIZERS, SCHEDULES
from tcm.structures import Batch, Config, TextInstances


class TrainingModule(lightning.LightningModule):
    """Train any model.

    Args:
        model: The model.
        optimizer: Config of an optimiser, without `params`.
        schedule: Config of a schedule.
        param_groups: Arguments of `parameter_groups` but the first two.
        metrics: Name to metric; the last headline figure of the first one, such as ``hmean``,
            decides which checkpoint is the best.
        total_steps: Optimiser steps of the whole run.
        steps_per_epoch: Optimiser steps of an epoch.
        config: The resolved config, stored in checkpoints.
    """

    def __init__(
        self,
        model: Model,
        optimizer: Config,
        schedule: Config,
        param_groups: Mapping[str, Any] | None = None,
        metrics: Mapping[str, Any] | None = None,
        total_steps: int = 1,
        steps_per_epoch: int = 1,
        config: Config | None = None,
    ) -> None:
        super().__init__()
        self.model = model.to(memory_format=torch.channels_last)
        self.metrics = dict(metrics or {})
        self.steps_per_epoch = steps_per_epoch
        self._optimizer = optimizer
        self._schedule: Schedule = SCHEDULES.build(schedule, "schedule")
        self._schedule.bind(total_steps, steps_per_epoch)
        self._param_groups = dict(param_groups or {})
        self._config = config or {}
        self._random_state: dict[str, Tensor] | None = None
        self.main_figure = ""  # known from the first validation on
        self._validated: list[tuple[TextInstances, TextInstances, str]] = []

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimiser; `on_train_batch_start` sets its learning rate at every step."""
        groups = parameter_groups(self.model, self._optimizer["lr"], **self._param_groups)
        optimizer = OPTIMIZERS.build(self._optimizer, "optimizer", params=groups)
        for group in optimizer.param_groups:
            group["base_lr"] = group["lr"]
        return optimizer

    def on_train_start(self) -> None:
        """Continue with the random numbers of the checkpoint, if there was one."""
        if self._random_state is not None:
            torch.set_rng_state(self._random_state["cpu"].cpu())
            if "cuda" in self._random_state and self.device.type == "cuda":
                torch.cuda.set_rng_state(self._random_state["cuda"].cpu(), self.device)
            self._random_state = None

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Set the learning rate of this step."""
        for group in self._optimizer_groups():
            group["lr"] = self._schedule(self.global_step, group["base_lr"])

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the sum of the model's losses; each is logged under its name."""
        losses = self.model.loss(batch.images, batch.targets)
        total = torch.stack(list(losses.values())).sum()
        size = len(batch.samples)
        self.log("loss", total.detach(), prog_bar=True, batch_size=size)
        self.log_dict({name: value.detach() for name, value in losses.items()}, batch_size=size)
        rates = [group["lr"] for group in self._optimizer_groups()]
        self.log("lr", max(rates), batch_size=size)
        self.log("epoch", self.global_step / self.steps_per_epoch, batch_size=size)
        return total

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Keep predictions, ground truth and names of a batch for the metrics."""
        samples = batch.samples
        predicted = self.model.predict(
            batch.images, [s.matrix for s in samples], [s.size for s in samples]
        )
        truths, names = ([s.instances for s in samples], [s.path for s in samples])
        self._validated += zip(predicted, truths, names, strict=True)

    def on_validation_epoch_end(self) -> None:
        """Compute and log the metrics over all images, of all processes."""
        images = _gather(self._validated)
        self._validated = []
        predictions, truths, names = ([image[i] for image in images] for i in range(3))
        for i, (name, metric) in enumerate(self.metrics.items()):
            result = metric.evaluate(predictions, truths, names)
            if i == 0:
                self.main_figure, value = list(result.headline.items())[-1]
                self.log(self.main_figure, value, prog_bar=True, logger=False, rank_zero_only=False)
            scores = result.as_dict()
            numbers = {k: float(v) for k, v in scores.items() if isinstance(v, int | float)}
            self.log_dict({f"val/{name}/{key}": value for key, value in numbers.items()})

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store the config and the state of the random numbers beside the weights."""
        checkpoint["tcm"] = {"config": self._config, "random_state": self._current_random_state()}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the state of the random numbers; it is set when training starts."""
        self._random_state = checkpoint["tcm"]["random_state"]

    def transfer_batch_to_device(
        self, batch: Batch, device: torch.device, dataloader_idx: int
    ) -> Batch:
        """Return the batch on the device."""
        return batch.to(device, non_blocking=True)

    def _optimizer_groups(self) -> list[dict[str, Any]]:
        optimizer = self.optimizers()
        assert not isinstance(optimizer, list), "configure_optimizers returns one optimiser"
        return optimizer.param_groups

    def _current_random_state(self) -> dict[str, Tensor]:
        state = {"cpu": torch.get_rng_state()}
        if self.device.type == "cuda":
            state["cuda"] = torch.cuda.get_rng_state(self.device)
        return state


def _gather(items: Sequence[Any]) -> list[Any]:
    """Return the items of all processes, in the order of the dataset.

    The dataset was dealt out to the processes in turn, item by item.
    """
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return list(items)
    parts: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(parts, list(items))
    longest = max(map(len, parts))
    return [part[i] for i in range(longest) for part in parts if i < len(part)]
