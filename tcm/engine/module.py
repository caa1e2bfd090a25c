"""The Lightning module: one training step, one validation, the optimiser.

It knows no particular model, data or metric.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import lightning
import torch
from torch import Tensor
from torch.distributed.fsdp import FullyShardedDataParallel

from tcm.config import name_of, written_form
from tcm.contracts import Model
from tcm.engine.optimizers import parameter_groups
from tcm.engine.processes import from_first, in_first, of_all
from tcm.engine.schedules import Schedule
from tcm.errors import CheckpointError
from tcm.prediction import Predictor
from tcm.registry import OPTIMIZERS, SCHEDULES
from tcm.structures import Batch, Config, Sample, TextInstances

_Image = tuple[int, TextInstances, TextInstances, str]  # index, prediction, truth, name
_MAIN = ""  # no metric's figure has this name


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
        config: The config, stored in checkpoints as `written_form` returns it.
        compile: Whether forward pass and losses of a step are compiled.
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
        compile: bool = False,
    ) -> None:
        super().__init__()
        self._compile = compile
        self.model = model.to(memory_format=torch.channels_last)
        self.metrics = dict(metrics or {})
        self.steps_per_epoch = steps_per_epoch
        self._optimizer = optimizer
        self._schedule: Schedule = SCHEDULES.build(schedule, "schedule")
        self._schedule.bind(total_steps, steps_per_epoch)
        self._param_groups = dict(param_groups or {})
        self._config = config or {}
        self._random_states: list[dict[str, Tensor]] = []  # of the processes
        self._resumed_groups: list[int] | None = None
        self.main_figure = ""  # known from the first validation on
        self.losses: dict[str, Tensor] = {}  # of the last step, under their names
        self.between_steps: Callable[[], None] = lambda: None  # what a callback puts here
        self._predictor: Predictor | None = None
        self._validated: list[tuple[Sample, TextInstances]] = []

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimiser; `on_train_batch_start` sets its learning rate at every step."""
        groups = parameter_groups(self.model, self._optimizer["lr"], **self._param_groups)
        optimizer = OPTIMIZERS.build(self._optimizer, "optimizer", params=groups)
        for group in optimizer.param_groups:
            group["base_lr"] = group["lr"]
        self._refuse_other_groups([len(group["params"]) for group in optimizer.param_groups])
        return optimizer

    def _refuse_other_groups(self, sizes: list[int]) -> None:
        if self._resumed_groups is not None and self._resumed_groups != sizes:
            raise CheckpointError(
                f"the checkpoint to resume has groups of {self._resumed_groups} parameters, this "
                f"config makes {sizes}: param_groups or what is frozen has changed"
            )

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip; the norm of sharded gradients only the whole of the shards knows."""
        sharded = self.trainer.strategy.model
        if isinstance(sharded, FullyShardedDataParallel) and gradient_clip_algorithm == "norm":
            if gradient_clip_val is not None:
                sharded.clip_grad_norm_(gradient_clip_val)
            return
        self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def on_train_start(self) -> None:
        """Compile; continue with the random numbers of the checkpoint, if it has this process's."""
        self._loss = torch.compile(self.model.loss) if self._compile else self.model.loss
        if self.global_rank >= len(self._random_states):
            if self.global_rank > 0:  # the first one's are those of a single process
                torch.manual_seed(torch.initial_seed() + self.global_rank)
            return
        state = self._random_states[self.global_rank]
        torch.set_rng_state(state["cpu"].cpu())
        if "cuda" in state and self.device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda"].cpu(), self.device)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Set the learning rate of this step."""
        for group in self._optimizer_groups():
            group["lr"] = self._schedule(self.global_step, group["base_lr"])

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the sum of the model's losses; each is logged under its name."""
        losses = self._loss(batch.images, batch.targets)
        self.losses = {name: value.detach() for name, value in losses.items()}
        total = torch.stack(list(losses.values())).sum()
        # Whatever is logged waits for the device, so only what is written is.
        every: int = self.trainer.log_every_n_steps  # type: ignore[attr-defined]  # Lightning's own
        if (self.global_step + 1) % every == 0:
            self._log_step(total, len(batch.samples))
        return total

    def _log_step(self, total: Tensor, size: int) -> None:
        self.log("loss", total.detach(), prog_bar=True, batch_size=size, sync_dist=True)
        self.log_dict(self.losses, batch_size=size, sync_dist=True)
        rates = [group["lr"] for group in self._optimizer_groups()]
        self.log("lr", max(rates), batch_size=size)
        self.log("epoch", self.global_step / self.steps_per_epoch, batch_size=size)

    def on_validation_epoch_start(self) -> None:
        """Start the threads that decode."""
        self._predictor, self._validated = Predictor(self.model, self.device), []

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Start to predict a batch, and keep what is known of those before."""
        assert self._predictor is not None, "the epoch's start makes one"
        self._validated += self._predictor.submit(batch)

    def on_validation_epoch_end(self) -> None:
        """Compute the metrics over the images of all processes, in the first one; log them."""
        assert self._predictor is not None, "the epoch's start makes one"
        self._validated += self._predictor.finish()
        self._predictor.close()
        own = [(s.index, found, s.instances, s.path) for s, found in self._validated]
        self._validated, self._predictor = [], None
        parts = in_first(own)
        scored = from_first(None if parts is None else self._scores(sum(parts, [])))
        if _MAIN in scored:
            self.main_figure, value = scored.pop(_MAIN)
            self.log(self.main_figure, value, prog_bar=True, logger=False, rank_zero_only=False)
        self.log_dict(scored)

    def _scores(self, images: Sequence[_Image]) -> dict[str, Any]:
        """Return every figure by its name in the log, and under `_MAIN` the main one and its value.

        Args:
            images: Of all processes; the metrics get each once, in the order of the dataset.
        """
        once = {(image[0], image[3]): image for image in images}
        images = sorted(once.values(), key=lambda image: image[0])
        predictions, truths, names = ([image[i] for image in images] for i in (1, 2, 3))
        scored: dict[str, Any] = {}
        for name, metric in self.metrics.items():
            result = metric.evaluate(predictions, truths, names)
            scored.setdefault(_MAIN, list(result.headline.items())[-1])
            numbers = {k: v for k, v in result.as_dict().items() if isinstance(v, int | float)}
            scored |= {f"val/{name}/{key}": float(value) for key, value in numbers.items()}
        return scored

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store the config and the state of every process's random numbers beside the weights."""
        checkpoint["tcm"] = {
            "config": written_form(self._config),
            "name": name_of(self._config),
            "random_state": of_all(self._current_random_state()),
            "step": self.global_step,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the state of the random numbers, set when training starts, and the groups' sizes."""
        states = checkpoint["tcm"]["random_state"]
        self._random_states = [states] if isinstance(states, dict) else states
        for state in checkpoint.get("optimizer_states", []):
            self._resumed_groups = [len(group["params"]) for group in state["param_groups"]]

    def on_before_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Call `between_steps` when a step is done and the next one has its batch."""
        if self.trainer.training:
            self.between_steps()
        return batch

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
