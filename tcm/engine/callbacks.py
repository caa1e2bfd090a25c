"""What happens around the training steps: timing and logging."""

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

from tcm.engine.clock import Clock
from tcm.files import append_line

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


class MetricsFile(Logger):
    """Write every logged figure as a line of JSON, and a readable line to the log.

    Args:
        path: ``metrics.jsonl``.
        total_steps: Of the run, for the log.
        clock: Of the run.
    """

    def __init__(self, path: Path, total_steps: int, clock: Clock) -> None:
        super().__init__()
        self._path = path
        self._total_steps = total_steps
        self._clock = clock

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
        line = {"step": done, "time_s": round(self._clock.seconds(), 1), **numbers}
        append_line(self._path, json.dumps(line))
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
