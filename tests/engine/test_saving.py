"""Which checkpoints are kept, and when."""

import resource
import signal
from types import SimpleNamespace

import pytest
import torch

from tcm.engine.clock import Clock
from tcm.engine.saving import Checkpoints, SaveEvery, WholeCheckpoints
from tcm.engine.stopping import StopSignals
from tcm.errors import ConfigError, OutputError


class _Trainer:
    """What the callback sees of a trainer; it remembers what was saved at which step."""

    val_check_batch = 4
    accumulate_grad_batches = 1
    ckpt_path = None
    fit_loop = SimpleNamespace(_should_accumulate=lambda: False)
    lightning_module = torch.nn.Linear(1, 1)

    def __init__(self):
        self.global_step = 0
        self.callback_metrics = {}
        self.saved = []

    def save_checkpoint(self, path):
        self.saved.append((path.name, self.global_step))
        path.write_text(str(self.global_step))


@pytest.fixture
def trainer():
    return _Trainer()


SELDOM = SaveEvery(steps=1000)


def _checkpoints(folder, every=SELDOM):
    return Checkpoints(folder, every, StopSignals(), Clock())


def _run(checkpoints, trainer, hmeans, steps=8):
    """Let steps pass, every fourth with a validation."""
    hmeans = iter(hmeans)
    for step in range(1, steps + 1):
        checkpoints.between_steps(trainer)
        trainer.global_step = step
        if step % 4 == 0:
            trainer.callback_metrics = {"hmean": torch.tensor(next(hmeans))}
            checkpoints.on_validation_end(trainer, SimpleNamespace(main_figure="hmean"))
    checkpoints.on_train_epoch_end(trainer, None)


def test_it_is_saved_behind_validations_and_at_the_end(tmp_path, trainer):
    _run(_checkpoints(tmp_path), trainer, [0.5, 0.5], steps=10)
    # At 3, before the first validation, since there is none yet.
    assert trainer.saved == [("last.ckpt", step) for step in (3, 4, 8, 10)]


def test_the_best_is_a_copy_and_an_equal_one_does_not_replace_it(tmp_path, trainer):
    checkpoints = _checkpoints(tmp_path)
    _run(checkpoints, trainer, [0.0, 0.5, 0.5, 0.25], steps=16)
    assert (checkpoints.best_value, checkpoints.best_step) == (0.5, 8)
    assert (tmp_path / "best.ckpt").read_text() == "8"


def test_it_is_saved_every_so_many_steps(tmp_path, trainer):
    _run(_checkpoints(tmp_path, SaveEvery(steps=2)), trainer, [0.5], steps=7)
    assert [step for _, step in trainer.saved] == [2, 4, 6, 7]


def test_it_is_saved_every_so_many_minutes(tmp_path, trainer, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(Clock, "seconds", lambda self: now[0])
    checkpoints = _checkpoints(tmp_path, SaveEvery(seconds=600))
    trainer.val_check_batch = 1000
    for trainer.global_step in range(1, 40):
        now[0] += 61.0
        checkpoints.between_steps(trainer)
    assert [step for _, step in trainer.saved] == [10, 20, 30]


def test_it_is_saved_before_a_validation_if_the_last_one_is_old(tmp_path, trainer, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(Clock, "seconds", lambda self: now[0])
    checkpoints = _checkpoints(tmp_path)
    for trainer.global_step in range(1, 13):
        now[0] += 10.0
        checkpoints.between_steps(trainer)
    assert [step for _, step in trainer.saved] == [3, 11]


def test_a_resumed_run_knows_the_best_so_far(tmp_path, trainer):
    first, second = _checkpoints(tmp_path), _checkpoints(tmp_path)
    _run(first, trainer, [0.5], steps=4)
    second.load_state_dict(first.state_dict())
    _run(second, trainer, [0.25], steps=4)
    assert (second.best_value, second.best_step) == (0.5, 4)


@pytest.mark.parametrize("present", [True, False])
def test_the_best_of_a_run_that_goes_on_elsewhere_comes_along(tmp_path, trainer, present):
    """Or is chosen anew where it is not there any more."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    first, second = _checkpoints(old), _checkpoints(new)
    _run(first, trainer, [0.5, 0.25], steps=8)
    second.load_state_dict(first.state_dict())
    trainer.ckpt_path = str(old / "last.ckpt")
    if not present:
        (old / "best.ckpt").unlink()
    second.on_fit_start(trainer, SimpleNamespace())
    assert (new / "best.ckpt").exists() is present
    assert second.best_value == (0.5 if present else -1)


@pytest.fixture
def full_disk():
    """Let the system refuse to write files of more than 100 kB, as a full disk does."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_the_last_one_is_kept_until_the_next_is_whole(tmp_path, full_disk):
    writer, path = WholeCheckpoints(), tmp_path / "last.ckpt"
    for step in (1, 2):
        writer.save_checkpoint({"step": step}, path)
    with pytest.raises(OutputError, match="last.ckpt: cannot be written: File too large"):
        writer.save_checkpoint({"step": 3, "weights": torch.zeros(100_000)}, path)
    steps = {p.name: torch.load(p)["step"] for p in tmp_path.iterdir()}
    assert steps == {"last.ckpt": 2, "previous.ckpt": 1}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (500, SaveEvery(steps=500)),
        ("500 steps", SaveEvery(steps=500)),
        ("10 min", SaveEvery(seconds=600)),
        ("0.5min", SaveEvery(seconds=30)),
        ("2 minutes", SaveEvery(seconds=120)),
    ],
)
def test_how_often_is_read(value, expected):
    assert SaveEvery.of(value) == expected


@pytest.mark.parametrize("value", [0, -1, True, "soon", "10 h", "0 min"])
def test_what_is_no_interval_is_named(value):
    with pytest.raises(ConfigError, match="trainer.checkpoint_every: .* wanted, got"):
        SaveEvery.of(value)
