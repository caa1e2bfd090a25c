"""The Lightning trainer as a config describes it.

Training is one stream of steps: epochs are only a unit of length. The loader is endless and knows
which batch comes at which step, which is what makes resuming exact at any step.
"""

import logging
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.strategies import DDPStrategy, FSDPStrategy, Strategy
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from tcm.devices import Precision, choose_device, resolve_precision, set_float32
from tcm.engine.callbacks import MetricsFile, StepProgressBar, Throughput
from tcm.engine.clock import Clock
from tcm.engine.finite import FiniteLosses
from tcm.engine.saving import Checkpoints, SaveEvery, WholeCheckpoints
from tcm.engine.stopping import Companions, StopSignals
from tcm.errors import ConfigError
from tcm.values import Bounds, Positive, PositiveFloat, checked


@checked
@dataclass(kw_only=True)
class TrainerConfig:
    """The config's `trainer`.

    Attributes:
        max_epochs: Length of the run; one of this and `max_steps` must be given, the shorter
            counts.
        max_steps: Length of the run in optimiser steps.
        precision: ``32-true``, ``bf16-mixed`` or ``16-mixed``; ``auto`` is bf16 on GPUs that have
            it, else float32.
        tf32: Whether a GPU may round the factors of float32 products to 10 bits, where it has TF32.
        cudnn_benchmark: Whether cuDNN tries which algorithm is fastest for each size of input.
        deterministic: Whether every operator must give the same bits again on a GPU, for some time;
            an operator that can't is an error.
        compile: Whether the step's forward pass and losses are compiled, which takes minutes.
        gradient_clip: Largest norm of the gradient; None for no clipping.
        gradient_clip_by: ``norm``, or ``value``: then `gradient_clip` bounds each of its entries.
        accumulate: Batches whose gradients make one step.
        total_batch: Samples of one step, over all devices; it sets `accumulate`, whatever the
            number of devices and the batch of each are. None leaves `accumulate` alone.
        ema_decay: Decay of the averaged weights that are validated and saved; None for none.
        val_every_epochs: Epochs between two validations.
        val_every_steps: Steps between two validations, in place of `val_every_epochs`.
        checkpoint_every: How often ``last.ckpt`` is saved, in steps (``500``) or minutes
            (``10 min``); it is after each validation and at the end as well.
        patience_nonfinite: Steps in a row whose loss is not finite that end the run.
        log_every_steps: Steps between two lines of the log.
        devices: Number of devices of a node, or ``auto``.
        num_nodes: Number of nodes.
        accelerator: ``auto``, ``cpu`` or ``cuda``.
        strategy: What several devices share: ``ddp`` the gradients, ``fsdp`` parameters and state
            of the optimiser as well; ``auto`` is ``ddp`` where there are several.
        sync_batchnorm: Whether batch norm takes its statistics over all devices.
        progress_bar: Whether a terminal shows one; a log file gets lines in any case.
    """

    max_epochs: Positive | None = None
    max_steps: Positive | None = None
    precision: str = "auto"
    tf32: bool = True
    cudnn_benchmark: bool = True
    deterministic: bool = False
    compile: bool = False
    gradient_clip: PositiveFloat | None = None
    gradient_clip_by: Literal["norm", "value"] = "norm"
    accumulate: Positive = 1
    total_batch: Positive | None = None
    ema_decay: Annotated[float, Bounds(gt=0, lt=1)] | None = None
    val_every_epochs: PositiveFloat = 1
    val_every_steps: Positive | None = None
    checkpoint_every: int | str = "10 min"
    patience_nonfinite: Positive = 3
    log_every_steps: Positive = 50
    devices: int | str = "auto"
    num_nodes: Positive = 1
    accelerator: str = "auto"
    strategy: Literal["auto", "ddp", "fsdp"] = "auto"
    sync_batchnorm: bool = False
    progress_bar: bool = True

    def total_steps(self, steps_per_epoch: int) -> int:
        """Return the optimiser steps of the run.

        Raises:
            ConfigError: Neither `max_epochs` nor `max_steps` is given.
        """
        limits = [] if self.max_epochs is None else [self.max_epochs * steps_per_epoch]
        limits += [] if self.max_steps is None else [self.max_steps]
        if not limits or min(limits) < 1:
            raise ConfigError("trainer: max_epochs or max_steps must be given, and be at least 1")
        return min(limits)

    def with_total_batch(self, batch_size: int) -> "TrainerConfig":
        """Return the config with the `accumulate` that `total_batch` asks for.

        Args:
            batch_size: Samples of a batch of one device.

        Raises:
            ConfigError: `accumulate` is set as well, or no number of batches makes `total_batch`.
        """
        if self.total_batch is None:
            return self
        if self.accumulate != 1:
            raise ConfigError("trainer: only one of accumulate and total_batch can be given")
        at_once = batch_size * self.world_size()
        accumulate, rest = divmod(self.total_batch, at_once)
        if rest or not accumulate:
            raise ConfigError(
                f"trainer.total_batch: {self.total_batch} is no multiple of the {at_once} samples "
                f"of a batch of {batch_size} on each of {self.world_size()} devices"
            )
        return replace(self, accumulate=accumulate, total_batch=None)

    def world_size(self) -> int:
        """Return the number of processes that a run on `devices` has."""
        trainer = _trainer(
            accelerator=self.accelerator,
            devices=self.devices,
            num_nodes=self.num_nodes,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        return trainer.world_size

    def resolved_precision(self) -> str:
        """Return Lightning's name of the precision, ``auto`` resolved."""
        names: dict[str, Precision] = {"auto": "auto", "bf16-mixed": "bf16"}
        if self.precision not in names:
            return self.precision
        device = torch.device("cpu") if self.accelerator == "cpu" else choose_device(None)
        resolved = resolve_precision(names[self.precision], device)
        return "bf16-mixed" if resolved == "bf16" else "32-true"

    def lightning_strategy(self) -> str | Strategy:
        """Return how several devices work together, as Lightning takes it.

        Raises:
            ConfigError: Averaged weights are wanted of sharded ones.
        """
        if self.strategy == "fsdp":
            if self.ema_decay is not None:
                raise ConfigError("trainer.ema_decay: not with strategy fsdp, which shards weights")
            return FSDPStrategy(state_dict_type="full")
        if self.strategy == "ddp" or self.world_size() > 1:
            # Gradients live in the buckets that are sent; a graph that stays the same is looked at
            # once. With several batches a step it does not: only the last one sends.
            return DDPStrategy(gradient_as_bucket_view=True, static_graph=self.accumulate == 1)
        return "auto"

    def validation_interval(self, steps_per_epoch: int) -> int:
        """Return the optimiser steps between two validations."""
        return self.val_every_steps or max(1, round(self.val_every_epochs * steps_per_epoch))


def build_trainer(
    config: TrainerConfig,
    work_dir: Path,
    total_steps: int,
    steps_per_epoch: int,
    further: Sequence[Callback] = (),
    stop: StopSignals | None = None,
    step: int = 0,
) -> tuple[lightning.Trainer, Checkpoints]:
    """Return the trainer and the callback that keeps the checkpoints.

    Args:
        config: The config's `trainer`.
        work_dir: Where everything is written.
        total_steps: Optimiser steps of the run.
        steps_per_epoch: Optimiser steps of an epoch.
        further: Callbacks besides its own.
        stop: The signals that end the run; None for none.
        step: The step it goes on from.
    """
    every = config.validation_interval(steps_per_epoch)
    clock = Clock()
    saves = SaveEvery.of(config.checkpoint_every)
    checkpoints = Checkpoints(work_dir, saves, stop or StopSignals(), clock, step)
    finite = FiniteLosses(work_dir, config.patience_nonfinite, checkpoints.good)
    callbacks: list[Callback] = [Companions(), Throughput(), *further, finite, checkpoints]
    if config.ema_decay is not None:
        callbacks.append(EMAWeightAveraging(decay=config.ema_decay))
    if config.progress_bar and sys.stderr.isatty():
        callbacks.append(StepProgressBar())
    set_float32(config.tf32)
    trainer = _trainer(
        accelerator=config.accelerator,
        devices=config.devices,
        num_nodes=config.num_nodes,
        strategy=config.lightning_strategy(),
        sync_batchnorm=config.sync_batchnorm,
        precision=config.resolved_precision(),
        benchmark=config.cudnn_benchmark and not config.deterministic,
        deterministic=config.deterministic,
        max_epochs=-1,
        max_steps=total_steps,
        val_check_interval=every * config.accumulate,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        accumulate_grad_batches=config.accumulate,
        gradient_clip_val=config.gradient_clip,
        gradient_clip_algorithm=config.gradient_clip_by,
        log_every_n_steps=min(config.log_every_steps, total_steps),
        logger=[
            MetricsFile(work_dir / "metrics.jsonl", total_steps, clock),
            TensorBoardLogger(work_dir, name="tensorboard", version="", purge_step=step),
        ],
        callbacks=callbacks,
        plugins=[WholeCheckpoints()],
        default_root_dir=work_dir,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=config.progress_bar and sys.stderr.isatty(),
        use_distributed_sampler=False,
    )
    return trainer, checkpoints


def _trainer(**arguments: Any) -> lightning.Trainer:
    """Return Lightning's trainer.

    Raises:
        ConfigError: Lightning refuses a value, such as a precision or more devices than there are.
    """
    try:
        return lightning.Trainer(**arguments)
    except (MisconfigurationException, ValueError, TypeError) as error:
        raise ConfigError(f"trainer: {str(error).strip().splitlines()[0]}") from error


def quieten() -> None:
    """Silence Lightning's advice on what is decided here on purpose."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for text in (
        ".*does not have many workers.*",
        ".*overridden `(transfer_batch_to_device|on_before_batch_transfer)`.*",
        ".*isinstance.treespec.*",
        ".*sync_dist=True.*",  # one process computes the scores and tells the others
        ".*worker processes in total.*",
    ):
        warnings.filterwarnings("ignore", text)
