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
        ({"gradient_clip_by": "norms"}, "trainer.gradient_clip_by: 'norm' or 'value', got 'norms'"),
        ({"gradient_clip": 0}, "trainer.gradient_clip: a number above 0 is wanted, got 0"),
    ],
)
def test_mistakes_are_named(wrong, expected):
    with pytest.raises(ConfigError, match=expected):
        TrainerConfig(max_steps=2, **wrong)
