"""What the config's `trainer` becomes."""

import pytest
import torch
from lightning.pytorch.strategies import DDPStrategy

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


def test_the_precision_follows_the_device_unless_it_is_named(monkeypatch):
    config = TrainerConfig(max_steps=1)
    for has, wanted in ((True, "bf16-mixed"), (False, "32-true")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda value=has, **_: value)
        assert config.resolved_precision() == wanted
        assert TrainerConfig(max_steps=1, accelerator="cpu").resolved_precision() == "32-true"
    assert TrainerConfig(max_steps=1, precision="16-mixed").resolved_precision() == "16-mixed"


@pytest.mark.parametrize("deterministic", [True, False])
def test_the_switches_reach_lightning_and_torch(tmp_path, monkeypatch, deterministic):
    config = TrainerConfig(
        max_steps=2, tf32=False, deterministic=deterministic, accelerator="cpu", sync_batchnorm=True
    )
    build_trainer(config, tmp_path, total_steps=2, steps_per_epoch=2)
    assert torch.backends.cudnn.benchmark is not deterministic
    assert torch.are_deterministic_algorithms_enabled() is deterministic
    assert not torch.backends.cuda.matmul.allow_tf32
    torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize("accumulate", [1, 4])
def test_several_devices_share_gradients_in_the_buckets_that_are_sent(accumulate):
    config = TrainerConfig(max_steps=2, accelerator="cpu", devices=2, accumulate=accumulate)
    strategy = config.lightning_strategy()
    assert isinstance(strategy, DDPStrategy)
    assert strategy._ddp_kwargs["gradient_as_bucket_view"]
    assert strategy._ddp_kwargs["static_graph"] is (accumulate == 1)
    assert TrainerConfig(max_steps=2, accelerator="cpu").lightning_strategy() == "auto"
    assert config.world_size() == 2


def test_nodes_count(monkeypatch):
    config = TrainerConfig(max_steps=2, accelerator="cpu", devices=2, num_nodes=3)
    assert config.world_size() == 6


def test_fsdp_without_a_gpu_and_with_averaged_weights_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="trainer: .*fsdp"):
        build_trainer(
            TrainerConfig(max_steps=2, strategy="fsdp", accelerator="cpu"), tmp_path, 2, 2
        )
    with pytest.raises(ConfigError, match="trainer.ema_decay"):
        TrainerConfig(max_steps=2, strategy="fsdp", ema_decay=0.9).lightning_strategy()
