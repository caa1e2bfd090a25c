"""A run that was stopped anywhere and resumed leaves what one does that was not stopped."""

from pathlib import Path

import pytest
import torch

from tcm.cli import train as command
from tcm.engine import saving
from tcm.engine.module import TrainingModule
from tests.reliability.runs import STEPS, differences, lines, train


class Kill(BaseException):
    """Stands for the end of the process."""


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    run = tmp_path_factory.mktemp("straight") / "run"
    assert train(run) == 0
    figures = [line["val/s/figure"] for line in lines(run) if "val/s/figure" in line]
    assert len(figures) == 3 and len(set(figures)) == 3
    return run


def at(patch, owner, name, when, behind=False):
    """Let the process end at a call of a function of which `when()` is true."""
    original, done, when = getattr(owner, name), [], when()

    def wrapper(*args, **kwargs):
        dies = not done and when(*args)
        if dies:
            done.append(True)
        if dies and not behind:
            raise Kill
        result = original(*args, **kwargs)
        if dies:
            raise Kill
        return result

    patch.setattr(owner, name, wrapper)


def nth(number, name=None):
    """Return what makes a condition: true at a certain call, of those that rename to a name."""

    def make():
        count = iter(range(1, 1000))
        return lambda *args: (not name or Path(args[-1]).name == name) and next(count) == number

    return make


MOMENTS = {
    "before the first checkpoint": (TrainingModule, "training_step", nth(1)),
    "in a step": (TrainingModule, "training_step", nth(5)),
    "in the last step": (TrainingModule, "training_step", nth(STEPS)),
    "in the first save": (torch, "save", nth(1)),
    "in a save": (torch, "save", nth(3)),
    "between the two renamings": (Path, "replace", nth(3, "last.ckpt")),
    "behind a save": (Path, "replace", nth(3, "last.ckpt"), True),
    "in a validation": (TrainingModule, "validation_step", nth(4)),
    "behind a validation": (saving.Checkpoints, "on_validation_end", nth(2), True),
    "behind the last validation": (saving.Checkpoints, "on_validation_end", nth(3), True),
    "before the best is copied": (saving, "copy_file", nth(2)),
    "before the export": (command, "save_inference_checkpoint", nth(1)),
}


FEW = {"between the two renamings", "behind a validation"}


def die_and_resume(monkeypatch, run, moment, options=()):
    with monkeypatch.context() as patch:
        at(patch, *MOMENTS[moment])
        with pytest.raises(Kill):
            train(run, options=options)
    assert train(run, "--resume", options=options) == 0


@pytest.mark.parametrize(
    "moment", [pytest.param(m, marks=() if m in FEW else pytest.mark.slow) for m in MOMENTS]
)
def test_a_run_that_died(tmp_path, monkeypatch, straight, moment):
    die_and_resume(monkeypatch, tmp_path / "run", moment)
    assert not differences(straight, tmp_path / "run")


@pytest.mark.slow
@pytest.mark.parametrize("option", ["trainer.ema_decay=0.5", "trainer.accumulate=2"])
@pytest.mark.parametrize("moment", ["in a step", "behind a validation", "in the last step"])
def test_with_averaged_weights_and_accumulated_gradients(tmp_path, monkeypatch, option, moment):
    assert train(tmp_path / "straight", options=[option]) == 0
    die_and_resume(monkeypatch, tmp_path / "run", moment, [option])
    assert not differences(tmp_path / "straight", tmp_path / "run")


def test_the_best_of_the_last_step_is_not_lost(tmp_path, monkeypatch):
    """There is nothing left to train when the run is resumed, but something to copy."""
    options = ["trainer.max_steps=6"]
    assert train(tmp_path / "straight", options=options) == 0
    die_and_resume(monkeypatch, tmp_path / "run", "before the best is copied", options)
    assert not differences(tmp_path / "straight", tmp_path / "run")


@pytest.mark.slow
@pytest.mark.parametrize("steps", [3, 5, 6])
def test_a_run_that_is_lengthened(tmp_path, straight, steps):
    """Its last validation, at step 3 or 6, counts, and the schedule is the constant one."""
    assert train(tmp_path / "run", options=[f"trainer.max_steps={steps}"]) == 0
    assert train(tmp_path / "run", "--resume") == 0
    changed = ["best.ckpt.tcm.config.trainer.max_steps"] if steps == 6 else []
    assert differences(straight, tmp_path / "run") == changed
    assert (tmp_path / f"run/config_until_step_{steps}.yaml").exists()
