"""Numbers that are not finite end a run, with what is needed to find their cause."""

import json

import pytest
import torch

from tcm.engine.module import TrainingModule
from tcm.errors import TrainingError
from tests.reliability.runs import train


def spoil(monkeypatch, steps):
    """Let the loss of certain steps be nan."""
    original, count = TrainingModule.on_train_start, iter(range(1, 1000))

    def start(self):
        original(self)
        loss = self._loss

        def spoilt(images, targets):
            found = loss(images, targets)
            bad = next(count) in steps
            return {
                k: v * float("nan") if bad and k == "loss_prob" else v for k, v in found.items()
            }

        self._loss = spoilt

    monkeypatch.setattr(TrainingModule, "on_train_start", start)


def test_it_ends_after_some_steps_with_images_and_the_last_good_checkpoint(tmp_path, monkeypatch):
    spoil(monkeypatch, {5, 6, 7, 8})
    run = tmp_path / "run"
    with pytest.raises(TrainingError) as told:
        train(run, options=["trainer.val_every_steps=8"])
    for part in ("3 steps in a row, up to step 7: loss_prob is nan", "nonfinite.json"):
        assert part in str(told.value)
    assert f"{run / 'last.ckpt'} is of step 4, before that" in str(told.value)
    steps = json.loads((run / "nonfinite.json").read_text())
    assert [step["step"] for step in steps] == [5, 6, 7]
    assert steps[0]["losses"]["loss_prob"] == "nan" and len(steps[0]["images"]) == 2
    assert torch.load(run / "last.ckpt", weights_only=True)["global_step"] == 4
    assert "step 6: the weights are not finite and not saved" in (run / "train.log").read_text()
    assert "step 5: loss_prob is nan; images: " in (run / "train.log").read_text()


def test_spoilt_weights_are_not_validated(tmp_path, monkeypatch):
    spoil(monkeypatch, {5, 6, 7, 8})
    with pytest.raises(TrainingError, match="2 steps in a row, up to step 6: loss_prob is nan"):
        train(tmp_path / "run")
    assert len(json.loads((tmp_path / "run/nonfinite.json").read_text())) == 2


def test_weights_that_are_not_finite_are_neither_saved_nor_exported(tmp_path):
    options = ["optimizer.lr=1e30", "trainer.max_steps=2", "trainer.checkpoint_every=1"]
    with pytest.raises(TrainingError, match="not finite at the end; there is no checkpoint"):
        train(tmp_path / "run", options=[*options, "optimizer.weight_decay=1e30"])
    assert not list((tmp_path / "run").glob("*.ckpt"))
