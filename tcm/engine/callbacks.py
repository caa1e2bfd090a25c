"""What happens around the training steps: timing, logging, checkpoints."""

import json
import logging
import math
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from logging.handlers import MemoryHandler
from pathlib import Path
from typing import Any

from lightning.pytorch.callbacks import Callback, TQDMProgressBar
from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

log = logging.getLogger("tcm")


class Throughput(Callback):
    """Measure images per second and the share of the time that was spent waiting for data."""

    def __init__(self) -> None:
        self._waited = self._images = 0.0
        self._since = self._ended = 0.0
        self._step = 0

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Start the clock."""
        self._since = self._ended = time.perf_counter()

    def on_train_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the time since the last batch's end as waiting."""
        self._waited += time.perf_counter() - self._ended

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Log the figures of the steps since the last log."""
        self._ended = time.perf_counter()
        self._images += len(batch.samples) * trainer.world_size
        step = trainer.global_step
        if step != self._step and step % trainer.log_every_n_steps == 0:
            elapsed = self._ended - self._since
            figures = {
                "images_per_s": self._images / elapsed,
                "data_time_ratio": self._waited / elapsed,
            }
            pl_module.log_dict(figures, batch_size=1)
            self._waited = self._images = 0.0
            self._since = self._ended
        self._step = step

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Leave the validation out of the figures."""
        self.on_train_start(trainer, pl_module)
        self._waited = self._images = 0.0


class Checkpoints(Callback):
    """Keep the best and the last checkpoint.

    ``best.ckpt`` is chosen by the main figure of the first metric, such as hmean; a run is resumed
    exactly from ``last.ckpt``.

    Args:
        folder: Where they are written.
        every_steps: Optimiser steps between two saves of ``last.ckpt``; the end of the run always
            saves.
    """

    def __init__(self, folder: Path, every_steps: int) -> None:
        self.best = folder / "best.ckpt"
        self.last = folder / "last.ckpt"
        self.every_steps = every_steps
        self.figure = ""
        self.best_value = -1.0
        self.best_step = 0
        self._saved_step = 0

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Save the best so far."""
        self.figure = pl_module.main_figure
        value = trainer.callback_metrics.get(self.figure)
        if value is not None and float(value) > self.best_value:
            self.best_value, self.best_step = float(value), trainer.global_step
            trainer.save_checkpoint(self.best)
            log.info("best so far: %s", self.describe())

    def describe(self) -> str:
        """Return the best so far in a few words."""
        return f"{self.figure} {self.best_value:.4f} at step {self.best_step}"

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        """Save the last state every so often, and at the end."""
        step = trainer.global_step
        due = step % self.every_steps == 0 or step >= trainer.max_steps
        if due and step != self._saved_step:
            self._saved_step = step
            trainer.save_checkpoint(self.last)

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run must know."""
        return {
            "figure": self.figure,
            "best_value": self.best_value,
            "best_step": self.best_step,
            "saved_step": self._saved_step,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the best of the run that is resumed."""
        self.figure, self.best_value = state_dict["figure"], state_dict["best_value"]
        self.best_step = state_dict["best_step"]
        self._saved_step = state_dict["saved_step"]


class MetricsFile(Logger):
    """Write every logged figure as a line of JSON, and a readable line to the log.

    Args:
        path: ``metrics.jsonl``.
        total_steps: Of the run, for the log.
    """

    def __init__(self, path: Path, total_steps: int) -> None:
        super().__init__()
        self._path = path
        self._total_steps = total_steps
        self._start = time.perf_counter()

    @property
    def name(self) -> str:
        """Return the file's name."""
        return self._path.name

    @property
    def version(self) -> str:
        """Return nothing: there is one file."""
        return ""

    @rank_zero_only
    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the config is saved as YAML."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Append one line."""
        done = (step or 0) + 1
        numbers = {key: _rounded(value) for key, value in metrics.items()}
        line = {"step": done, "time_s": round(time.perf_counter() - self._start, 1), **numbers}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        shown = "  ".join(f"{key} {float(value):g}" for key, value in metrics.items())
        log.info("step %d/%d  %s", done, self._total_steps, shown)


class StepProgressBar(TQDMProgressBar):
    """A progress bar over the steps of the whole run instead of an epoch's."""

    @property
    def total_train_batches(self) -> int:
        """Return the batches of the run."""
        return self.trainer.max_steps * self.trainer.accumulate_grad_batches

    def on_train_epoch_start(self, trainer: Any, *args: Any) -> None:
        """Name the bar: there is only one stream of steps."""
        super().on_train_epoch_start(trainer, *args)
        self.train_progress_bar.set_description("training")


@contextmanager
def held_log() -> Iterator[list[logging.LogRecord]]:
    """Hold back what the package logs in the block, until there is a place for its log.

    Yields:
        The records; an error in the block lets them out.
    """
    holder = MemoryHandler(sys.maxsize, logging.CRITICAL + 1, flushOnClose=False)
    before = log.handlers, log.propagate
    log.handlers, log.propagate = [holder], False
    try:
        yield holder.buffer
    except BaseException:
        log.handlers, log.propagate = before
        release_log(holder.buffer)
        raise
    log.handlers, log.propagate = before


def release_log(records: Iterable[logging.LogRecord]) -> None:
    """Log what was held back."""
    for record in records:
        log.handle(record)


def setup_logging(path: Path) -> None:
    """Send the log of the package to a file, and to stdout unless stderr is a terminal.

    On a terminal the progress bar is shown instead.
    """
    log.setLevel(logging.INFO)
    log.propagate = False
    for handler in log.handlers:
        handler.close()
    log.handlers = [logging.FileHandler(path, encoding="utf-8")]
    if not sys.stderr.isatty():
        log.handlers.append(logging.StreamHandler(sys.stdout))
    for handler in log.handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))


def _rounded(value: float) -> float | None:
    """Return six significant digits; None for what JSON has no number for."""
    return float(f"{float(value):.6g}") if math.isfinite(value) else None
