"""The checkpoints that a run keeps: ``last.ckpt``, the one before it, and ``best.ckpt``."""

import logging
import math
import re
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities import rank_zero_only

from tcm.engine.checkpoint import write_checkpoint
from tcm.engine.clock import Clock
from tcm.engine.finite import all_finite
from tcm.engine.processes import Agreement
from tcm.engine.stopping import Stopped, StopSignals
from tcm.errors import ConfigError, TrainingError
from tcm.files import copy_file

log = logging.getLogger("tcm")
LAST, PREVIOUS, BEST = "last.ckpt", "previous.ckpt", "best.ckpt"
_SOON_S = 60  # a validation may be long; what a stop in it costs is at most this, and a step
_EVERY = re.compile(r"(\d+(?:\.\d+)?) ?(min|minutes?|steps?)")


@dataclass(frozen=True)
class SaveEvery:
    """How often ``last.ckpt`` is saved between validations; one of both is set."""

    steps: int | None = None
    seconds: float | None = None

    @classmethod
    def of(cls, value: int | str) -> "SaveEvery":
        """Return what a config says: a number of steps, ``500 steps`` or ``10 min``.

        Raises:
            ConfigError: It says something else.
        """
        match = _EVERY.fullmatch(f"{value} steps" if isinstance(value, int) else value.strip())
        if match is None or not float(match[1]) or isinstance(value, bool):
            raise ConfigError(
                f"trainer.checkpoint_every: steps, such as 500, or minutes, such as '10 min', are "
                f"wanted, got {value!r}"
            )
        if match[2].startswith("min"):
            return cls(seconds=60 * float(match[1]))
        return cls(steps=max(1, round(float(match[1]))))


class WholeCheckpoints(TorchCheckpointIO):
    """Write checkpoints whole or not at all, and keep the last one until the next is whole."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write a checkpoint; what ``last.ckpt`` was becomes ``previous.ckpt``."""
        path = Path(path)
        before = path.with_name(PREVIOUS) if path.name == LAST else None
        write_checkpoint(checkpoint, path, before)


class Checkpoints(Callback):
    """Keep the last and the best checkpoint.

    A run is resumed exactly from ``last.ckpt``. It is saved between two steps only, when the lines
    of the one before are written and its validation is done, so that a resumed run has neither to
    repeat nor to miss anything. A validation that is the best so far makes it ``best.ckpt`` too, by
    the main figure of the first metric, such as hmean.

    Args:
        folder: Where they are written.
        every: How often.
        stop: The signals that end the run.
        clock: Of the run.
        step: The step that the run goes on from; Lightning knows it only when training starts.
    """

    def __init__(
        self, folder: Path, every: SaveEvery, stop: StopSignals, clock: Clock, step: int = 0
    ) -> None:
        self.folder = folder
        self.best, self.last = folder / BEST, folder / LAST
        self.every, self.stop, self.clock = every, stop, clock
        self.figure = ""
        self.best_value = -1.0
        self.best_step = 0
        self._step = step
        self._saved_step = -1
        self._saved_at = clock.seconds()
        self._validated = self._is_best = False
        self._agreement = Agreement()

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Put ``best.ckpt`` where it belongs if the run is resumed."""
        self.stop.take()
        if trainer.ckpt_path is not None:
            self._saved_step = self._step
            self._recover_best(Path(trainer.ckpt_path))
        self._saved_at = self.clock.seconds()
        pl_module.between_steps = lambda: self.between_steps(trainer)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Keep the signals: Lightning has set its own handlers since."""
        self.stop.take()
        self.stop.take_requeueing(trainer)

    def on_train_batch_start(self, trainer: Any, *args: Any) -> None:
        """Correct Lightning's count of steps, from which it takes that of a line of the log.

        It counts one too many or too few when a run is resumed, depending on where it was saved.
        """
        trainer.fit_loop.epoch_loop._batches_that_stepped = trainer.global_step

    def between_steps(self, trainer: Any) -> None:
        """Save if it is time; end the run if a signal came.

        Raises:
            Stopped: It came.
        """
        if trainer.fit_loop._should_accumulate():
            return
        step = trainer.global_step
        since, limit = self.clock.seconds() - self._saved_at, self.every.seconds or math.inf
        wants = self.stop.signum is not None, since >= limit, since >= _SOON_S
        stop, late, soon = self._agreement(*wants)
        due = self._validated or late or stop
        due |= self.every.steps is not None and step % self.every.steps == 0 and step > 0
        due |= self._before_validation(trainer, step) and (soon or self._saved_step < 0)
        if due:
            self.save(trainer)
        if stop:
            self.stop.requeue(trainer)
            raise self._stopped(f"stopped at step {step}; {self._latest()}")

    def on_validation_batch_end(self, trainer: Any, *args: Any) -> None:
        """End the run if a signal came while it is validating.

        Raises:
            Stopped: It came.
        """
        if self.stop.signum is not None:
            self.stop.requeue(trainer)
            step = trainer.global_step
            raise self._stopped(f"stopped in the validation of step {step}; {self._latest()}")

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Note whether it is the best so far."""
        self._validated = True
        self.figure = pl_module.main_figure
        value = trainer.callback_metrics.get(self.figure)
        if value is not None and float(value) > self.best_value:
            self.best_value, self.best_step = float(value), trainer.global_step
            self._is_best = True
            log.info("best so far: %s", self.describe())

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Save the end of the run: there is only one epoch.

        Raises:
            TrainingError: The weights are not finite.
        """
        if self._validated or trainer.global_step != self._saved_step:
            self.save(trainer)
        if trainer.global_step != self._saved_step:
            raise TrainingError(f"the weights are not finite at the end; {self.good()}")

    def save(self, trainer: Any) -> None:
        """Save the last checkpoint, and as the best if it is; not if its weights are not finite."""
        step = trainer.global_step
        if not all_finite(trainer.lightning_module):
            log.warning("step %d: the weights are not finite and not saved; %s", step, self.good())
            return
        self._saved_step, self._saved_at = step, self.clock.seconds()
        trainer.save_checkpoint(self.last)
        if self._is_best:
            self._copy(self.last)
        self._validated = self._is_best = False

    def describe(self) -> str:
        """Return the best so far in a few words."""
        return f"{self.figure} {self.best_value:.4f} at step {self.best_step}"

    def good(self) -> str:
        """Return which checkpoint is the last one, in a few words."""
        return self._latest() + (", before that" if self._saved_step >= 0 else "")

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run must know."""
        return {
            "figure": self.figure,
            "best_value": self.best_value,
            "best_step": self.best_step,
            "seconds": self.clock.seconds(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the best of the run that is resumed."""
        self.figure, self.best_value = state_dict["figure"], state_dict["best_value"]
        self.best_step = state_dict["best_step"]
        self.clock.go_on_from(state_dict.get("seconds", 0.0))

    def _latest(self) -> str:
        if self._saved_step < 0:
            return "there is no checkpoint yet"
        return f"{self.last} is of step {self._saved_step}"

    @staticmethod
    def _before_validation(trainer: Any, step: int) -> bool:
        every = trainer.val_check_batch // trainer.accumulate_grad_batches
        return bool((step + 1) % every == 0)

    def _stopped(self, what: str) -> Stopped:
        return Stopped(self.stop.signum or signal.SIGTERM, f"{self.stop.name()}: {what}")

    def _recover_best(self, resumed: Path) -> None:
        """Make ``best.ckpt`` what the resumed checkpoint says of it."""
        if self.best_value < 0:
            return
        beside = resumed.with_name(BEST)
        if self.best_step == self._step:
            self._copy(resumed)
        elif beside.exists() and not self.best.exists():
            self._copy(beside)
        elif not self.best.exists():
            log.warning("%s: the best so far is not there any more, it is chosen anew", self.best)
            self.best_value = -1.0

    @rank_zero_only
    def _copy(self, source: Path) -> None:
        if source != self.best:
            copy_file(source, self.best)
