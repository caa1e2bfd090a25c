"""What the config's `trainer` becomes."""

import pytest

from tcm.engine.trainer import TrainerConfig, build_trainer
from tcm.errors import ConfigError


@pytest.mark.parametrize("kind", ["norm", "value"])
def test_gradients_are_clipped_as_asked(tmp_path, kind):
    config = TrainerConfig(max_steps=2, gradient_clip=0.5, gradient_clip_by=kind, accelerator="cpu")
    trainer, _ = build_trainer(config, tmp_path, total_steps=2, steps_per_epoch=2)
    assert trainer.gradient_clip_val == 0.5
    assert trainer.gradient_clip_algorithm.value == kind


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (
            {"gradient_clip_by": "norms"},
            "gradient_clip_by: 'norm' or 'value' is wanted, got 'norms'",
        ),
        (
            {"gradient_clip": 0},
            "gradient_clip: a number above 0 or null is wanted, got 0",
        ),
    ],
)
def test_mistakes_are_named(wrong, expected):
    with pytest.raises(ConfigError, match=expected):
        TrainerConfig(max_steps=2, **wrong)


def test_the_total_batch_is_kept_by_accumulation():
    config = TrainerConfig(max_steps=2, total_batch=1024, accelerator="cpu", devices=2)
    assert config.with_total_batch(128).accumulate == 4
    assert config.with_total_batch(512).accumulate == 1
    assert TrainerConfig(max_steps=2, accumulate=3).with_total_batch(7).accumulate == 3


@pytest.mark.parametrize("batch", [48, 1024])
def test_a_total_batch_that_cannot_be_made_is_named(batch):
    config = TrainerConfig(max_steps=2, total_batch=1024, accelerator="cpu", devices=2)
    with pytest.raises(ConfigError, match=f"trainer.total_batch: 1024 .* batch of {batch} on each"):
        config.with_total_batch(batch)


def test_accumulate_and_total_batch_exclude_each_other():
    config = TrainerConfig(max_steps=2, total_batch=8, accumulate=2, accelerator="cpu")
    with pytest.raises(ConfigError, match="only one of accumulate and total_batch"):
        config.with_total_batch(4)
