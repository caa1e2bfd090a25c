"""Stopping a training: by a signal, and with a process of it that has died."""

import logging
import os
import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Any

from lightning.pytorch.callbacks import Callback
from lightning.pytorch.plugins.environments import LightningEnvironment, SLURMEnvironment

from tcm.errors import TrainingError

log = logging.getLogger("tcm")
_LOOK_EVERY_S = 0.2
_GRACE_S = 20.0
_TWICE_S = 1.0  # torchrun passes on a Ctrl-C that the terminal has sent to all
_LOST_S = 3.0  # until a process that has closed its connections has ended
_NEVER_S = 1e8
_BY_SIGNAL = (128 + signal.SIGINT, 128 + signal.SIGTERM)


class Stopped(BaseException):  # noqa: N818  # like KeyboardInterrupt, it is no error
    """A signal has ended the training.

    Attributes:
        status: What the process exits with, as the shell has it: 128 and the signal's number.
    """

    def __init__(self, signum: int, what: str) -> None:
        super().__init__(what)
        self.status = 128 + signum


class StopSignals:
    """Note SIGTERM and SIGINT; the training looks between two steps whether there was one.

    A second SIGINT ends the process at once. Under Slurm the signal by which Lightning requeues the
    job (SIGUSR1) is noted too: Lightning's handler would save in the middle of a step.
    """

    def __init__(self) -> None:
        self.signum: int | None = None
        self._before: dict[int, Any] = {}
        self._requeue: dict[int, Any] = {}
        self._came = 0.0

    def __enter__(self) -> "StopSignals":
        """Take the signals over."""
        self._before = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)}
        self.take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give them back."""
        if threading.current_thread() is threading.main_thread():
            for signum, handler in self._before.items():
                signal.signal(signum, signal.SIG_DFL if handler is None else handler)

    def take(self) -> None:
        """Take the signals over once more: Lightning sets its own handlers in between."""
        if threading.current_thread() is threading.main_thread():
            for signum in self._before:
                signal.signal(signum, self._note)

    def take_requeueing(self, trainer: Any) -> None:
        """Take over the signal of Slurm, and keep Lightning's handler for `requeue`."""
        environment = _environment_of(trainer)
        if isinstance(environment, SLURMEnvironment) and environment.auto_requeue:
            signum = environment.requeue_signal or signal.SIGUSR1
            self._requeue[signum] = signal.signal(signum, self._note)

    def requeue(self, trainer: Any) -> None:
        """Let Lightning requeue the job, if that was the signal.

        Its handler would save first, in one process alone if need be; but the run goes on from
        ``last.ckpt``.
        """
        handler = self._requeue.get(self.signum or 0)
        if handler is not None:
            trainer.save_checkpoint = lambda *args: None
            handler(self.signum, None)

    def name(self) -> str:
        """Return the name of the signal that came, such as ``SIGTERM``."""
        return signal.Signals(self.signum).name if self.signum else "a signal"

    def _note(self, signum: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.signum is None:
            self.signum, self._came = signum, now
            wait = "; once more stops at once" if signum == signal.SIGINT else ""
            # No log here: the signal may have come in the middle of one.
            os.write(2, f"{signal.Signals(signum).name}: stops after this step{wait}\n".encode())
        elif signum == signal.SIGINT and now - self._came > _TWICE_S:
            os.write(2, b"stopped at once\n")
            os._exit(128 + signum)


def requeued() -> bool:
    """Tell whether this process is of a Slurm job that was requeued."""
    return int(os.environ.get("SLURM_RESTART_COUNT") or 0) > 0


class Companions(Callback):
    """End a run of several processes when one of them has died.

    The others would wait for it in the next exchange of gradients, which nothing can interrupt, and
    outlive the run. Those that torchrun or Slurm has started these look after.
    """

    def __init__(self) -> None:
        self._over = threading.Event()
        self._started: list[Any] = []
        self._parent: int | None = None

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Start to look after the others, in a thread."""
        self._started = getattr(trainer.strategy.launcher, "procs", [])
        if self._started:
            _put_off_lightning_s_own()
        elif trainer.local_rank > 0 and isinstance(_environment_of(trainer), LightningEnvironment):
            self._parent = os.getppid()
        if self._started or self._parent is not None:
            threading.Thread(target=self._look, daemon=True).start()

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Let the others end as they like."""
        self._over.set()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """End the others; those that the same signal stops may end by themselves.

        Raises:
            TrainingError: The error is that of an exchange with a process that has died.
        """
        self._over.set()
        lost = self._find_lost(_LOST_S) if isinstance(exception, RuntimeError) else ""
        self._started = getattr(trainer.strategy.launcher, "procs", [])
        until = time.monotonic() + (_GRACE_S if isinstance(exception, Stopped) else 0)
        for process in self._started:
            while process.poll() is None and time.monotonic() < until:
                time.sleep(_LOOK_EVERY_S)
            _kill(process)
        if lost:
            raise TrainingError(lost) from exception

    def _look(self) -> None:
        """Look at them every so often; end the run if one is lost."""
        while not self._over.wait(_LOOK_EVERY_S):
            lost = self._find_lost()
            if lost:
                log.error("%s", lost)
                sys.stderr.write(f"error: {lost}\n")
                sys.stderr.flush()
                for process in self._started:
                    _kill(process)
                os._exit(1)

    def _find_lost(self, seconds: float = 0) -> str:
        """Return which process has ended, in a sentence; nothing if none has until then."""
        until = time.monotonic() + seconds
        while self._started or self._parent is not None:
            for i, process in enumerate(self._started, 1):
                status = process.poll()
                if status and status not in _BY_SIGNAL:
                    return f"process {i} of the run has ended ({_way(status)}), so does the run"
            if self._parent not in (None, os.getppid()):
                return "the first process of the run has ended, so does this one"
            if time.monotonic() >= until:
                break
            time.sleep(_LOOK_EVERY_S)
        return ""


def _environment_of(trainer: Any) -> Any:
    return trainer._accelerator_connector.cluster_environment


def _put_off_lightning_s_own() -> None:
    """Keep Lightning's observer from killing this process before it can say why."""
    for thread in threading.enumerate():
        if thread.name == "child-process-observer":
            thread._sleep_period = _NEVER_S  # type: ignore[attr-defined]


def _kill(process: Any) -> None:
    if process.poll() is None:
        process.kill()


def _way(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"status {status}"
