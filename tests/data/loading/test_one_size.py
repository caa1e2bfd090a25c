"""Batches of one size each: every image once an epoch, and the same ones after a resume."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch

import tcm.data.synth.word_dataset  # noqa: F401  # registers
from tcm.data.loading.datamodule import DataModule
from tcm.data.loading.one_size import PoolSampler, batch_count, batches_of
from tcm.data.loading.orders import Shuffled
from tcm.errors import ConfigError
from tcm.registry import build
from tcm.structures import Sample, TextInstances

SIZES = [(64, 64), (48, 96), (40, 112), (32, 128)]


def samples_of(sizes: list[tuple[int, int]]) -> list[Sample]:
    return [
        Sample(np.zeros((*size, 3), np.uint8), "", TextInstances(), index=i)
        for i, size in enumerate(sizes)
    ]


@pytest.mark.parametrize("counts", [(32, 0, 0, 0), (8, 8, 8, 8), (29, 1, 1, 1), (13, 9, 7, 3)])
def test_a_pool_makes_as_many_batches_whatever_its_sizes(counts: tuple[int, ...]) -> None:
    sizes = [size for size, count in zip(SIZES, counts, strict=True) for _ in range(count)]
    np.random.default_rng(0).shuffle(sizes)
    batches = batches_of(samples_of([(h, w) for h, w in sizes]), 4, 4)
    assert len(batches) == batch_count(32, 4, 4) == 11
    assert sorted(s.index for batch in batches for s in batch.samples) == list(range(32))
    for batch in batches:
        assert 1 <= len(batch.samples) <= 4
        (size,) = {sample.size for sample in batch.samples}
        assert batch.images.shape[2:] == size  # nothing is padded


def test_a_pool_of_few_images_has_no_empty_batch() -> None:
    assert [batch_count(n, 4, 4) for n in (0, 1, 2, 5)] == [0, 1, 2, 5]
    assert [len(b.samples) for b in batches_of(samples_of(SIZES[:2]), 4, 4)] == [1, 1]


def test_a_size_that_no_pipeline_names_is_told() -> None:
    with pytest.raises(ConfigError, match="images of 3 sizes, while the pipelines name 2"):
        batches_of(samples_of(SIZES[:3]), 4, 2)


def drawn(length: int, first_batch: int = 0, rank: int = 0, world_size: int = 1) -> PoolSampler:
    return PoolSampler(Shuffled(length, 3), 2, 4, rank, world_size, first_batch)


@pytest.mark.parametrize("length", [1, 32, 70, 100])
def test_an_epoch_draws_each_image_once(length: int) -> None:
    sampler = drawn(length)
    pools = list(itertools.islice(sampler, -(-length // 32)))
    assert sorted(draw for pool in pools for draw in pool) == list(range(length))
    made = sum(batch_count(len(pool), 2, 4) for pool in pools)
    assert made == sampler.batches_per_epoch


@pytest.mark.parametrize(("length", "world_size"), [(70, 2), (100, 3), (5, 4)])
def test_processes_share_an_epoch_and_make_equally_many_batches(
    length: int, world_size: int
) -> None:
    samplers = [drawn(length, 0, rank, world_size) for rank in range(world_size)]
    (batches,) = {sampler.batches_per_epoch for sampler in samplers}
    count = -(-length // (32 * world_size))
    shares = [list(itertools.islice(sampler, count)) for sampler in samplers]
    for pools in zip(*shares, strict=True):
        assert len({len(pool) for pool in pools}) == 1
    draws = [draw for share in shares for pool in share for draw in pool]
    assert set(draws) == set(range(length))
    assert len(draws) - length < world_size  # what makes the last pool come out even
    assert sum(batch_count(len(pool), 2, 4) for pool in shares[0]) == batches


@pytest.fixture
def data() -> dict[str, Any]:
    dataset = {"type": "SyntheticWords", "length": 40, "word_length": [1, 8]}
    pipeline = [
        {"type": "MultiSizeResize"},
        {"type": "Warp", "interpolation": "bicubic"},
        {"type": "LabelTargets"},
    ]
    stage = {"dataset": dataset, "pipeline": pipeline, "batch_size": 2}
    return {"train": stage, "val": {**stage, "batch_size": 8}}


def test_training_takes_batches_of_one_size_and_each_word_once_an_epoch(
    data: dict[str, Any],
) -> None:
    module = build(DataModule, data, "data", seed=1)
    count = module.batches_per_epoch()
    batches = list(itertools.islice(module.train_dataloader(), count))
    assert sorted(s.index for b in batches for s in b.samples) == list(range(40))
    assert {tuple(b.images.shape[2:]) for b in batches} <= set(SIZES)
    assert len({tuple(b.images.shape[2:]) for b in batches}) > 1
    for batch in batches:
        assert {sample.size for sample in batch.samples} == {tuple(batch.images.shape[2:])}
        assert batch.targets["text_rows"].shape == (len(batch.samples), 1, 25)


@pytest.mark.parametrize(("done", "workers"), [(1, 1), (18, 0), (19, 0), (30, 0)])
def test_a_resumed_run_goes_on_with_the_batch_that_comes_next(
    data: dict[str, Any], done: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build(DataModule, data, "data", seed=1)
    assert whole.batches_per_epoch() == 19 + 7  # of 32 words, and of 8
    wanted = list(itertools.islice(whole.train_dataloader(), done, done + 3))
    monkeypatch.setattr(DataModule, "_batches_done", lambda self: done)
    resumed = build(DataModule, {**data, "num_workers": workers}, "data", seed=1)
    found = itertools.islice(resumed.train_dataloader(), 3)
    for one, other in zip(found, wanted, strict=True):
        assert [s.index for s in one.samples] == [s.index for s in other.samples]
        assert torch.equal(one.images, other.images)


def test_validation_shows_each_word_in_its_own_size_and_in_order(data: dict[str, Any]) -> None:
    batches = list(build(DataModule, data, "data").val_dataloader())
    assert [s.index for b in batches for s in b.samples] == list(range(40))
    for batch in batches:
        assert batch.canvases == [sample.size for sample in batch.samples]
        assert set(batch.canvases) <= set(SIZES)
