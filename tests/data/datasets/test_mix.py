"""A mix of datasets for training: its shares, its pipelines, its subsets, its refusals."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch

from tcm.data.loading import subset
from tcm.data.loading.datamodule import DataModule
from tcm.data.loading.orders import first_indices
from tcm.data.loading.pipeline import Pipeline
from tcm.data.loading.preflight import check_sets
from tcm.data.loading.profile import profile_pipeline
from tcm.errors import ConfigError
from tcm.registry import DATASETS, build
from tests.data.builders import write_dataset

SMALL = [{"type": "FitInto", "size": [32, 32]}, {"type": "Warp"}]
LARGE = [{"type": "FitInto", "size": [64, 64]}, {"type": "Warp"}]


@pytest.fixture
def parts(tmp_path: Path) -> list[dict[str, Any]]:
    """Return configs of 12 and of 4 images."""
    found = []
    for name, count in (("a", 12), ("b", 4)):
        (tmp_path / name).mkdir()
        ann_file = str(write_dataset(tmp_path / name, count))
        found.append({"dataset": {"type": "TextDataset", "ann_file": ann_file}})
    return found


def _mix(parts: list[dict[str, Any]], *options: dict[str, Any], **more: Any) -> Any:
    merged = [part | option for part, option in zip(parts, options, strict=True)]
    return {"type": "Mix", "parts": merged, **more}


def _data(dataset: dict[str, Any], pipeline: Any = SMALL, **more: Any) -> DataModule:
    train = {"dataset": dataset, "pipeline": pipeline, "batch_size": 2}
    return build(DataModule, {"train": train}, "data", **more)


@pytest.mark.parametrize(
    ("options", "length", "shares"),
    [
        ([{}, {}], None, [12, 4]),
        ([{"repeat": 0.5}, {"repeat": 3}], None, [6, 12]),
        ([{"weight": 1}, {"weight": 1}], None, [8, 8]),
        ([{"weight": 3}, {"weight": 1}], 1000, [750, 250]),
        ([{"weight": 2}, {"weight": 1}], 10, [7, 3]),
    ],
)
def test_shares_of_an_epoch(parts, options, length, shares) -> None:
    dataset = DATASETS.build(_mix(parts, *options, **({"length": length} if length else {})))
    assert dataset.shares() == shares
    assert len(dataset) == 16
    assert _data(_mix(parts, *options)).batches_per_epoch() > 0


def test_an_epoch_draws_the_shares(parts) -> None:
    data = _data(_mix(parts, {"weight": 1}, {"weight": 3}))
    assert data.batches_per_epoch() == 8
    batches = itertools.islice(data.train_dataloader(), 8)
    folders = [Path(sample.path).parent.name for batch in batches for sample in batch.samples]
    assert (folders.count("a"), folders.count("b")) == (4, 12)


def test_each_part_has_its_own_pipeline(parts) -> None:
    dataset = DATASETS.build(_mix(parts, {}, {"pipeline": LARGE}))
    pipeline = Pipeline(dataset, SMALL)
    assert pipeline[11].image.shape == (32, 32, 3)
    assert pipeline[12].image.shape == (64, 64, 3)
    assert pipeline[16 + 12].image.shape == (64, 64, 3)


@pytest.mark.parametrize("workers", [2])
def test_batches_do_not_depend_on_the_workers(parts, workers: int) -> None:
    runs = []
    for count in (0, workers):
        jitter = [*SMALL, {"type": "ColorJitter", "brightness": 0.5}]
        mix = _mix(parts, {"repeat": 0.5}, {"repeat": 3, "pipeline": jitter})
        train = {"dataset": mix, "pipeline": SMALL, "batch_size": 3}
        data = DataModule(train=train, num_workers=count, seed=2)
        batches = itertools.islice(data.train_dataloader(), 9)
        runs.append(torch.stack([batch.images for batch in batches]))
    assert torch.equal(*runs)


def test_a_fraction_is_taken_of_each_part(parts, tmp_path: Path) -> None:
    named = {}
    for fraction in (0.25, 0.5):
        data = _data(_mix(parts, {"weight": 1}, {"weight": 1}), data_fraction=fraction, data_seed=1)
        assert data.length("train") == 16 * fraction
        data.write_subset(tmp_path)
        named[fraction] = subset.read(tmp_path / "subset.json").ids
        assert [sum(name[0] == part for name in named[fraction]) for part in "01"] == [
            12 * fraction,
            4 * fraction,
        ]
        batches = itertools.islice(data.train_dataloader(), 20)
        drawn = {sample.path for batch in batches for sample in batch.samples}
        folders = {"0": "a", "1": "b"}
        assert drawn == {str(tmp_path / folders[name[0]] / name[2:]) for name in named[fraction]}
    assert set(named[0.25]) < set(named[0.5])


def test_what_is_looked_at_is_of_all_parts(parts) -> None:
    dataset = DATASETS.build(_mix(parts, {"weight": 1}, {"weight": 1}))
    indices = first_indices(dataset, 16)
    assert sum(index < 12 for index in indices) == 8
    seconds = profile_pipeline(Pipeline(dataset, SMALL), 6, 2)
    assert set(seconds) == {"decode", "geometry: FitInto", "warp: Warp", "collate"}


def test_parts_must_have_the_same_targets(parts) -> None:
    targets = [*SMALL, {"type": "DBTargets"}]
    data = _data(_mix(parts, {}, {"pipeline": targets}))
    with pytest.raises(ConfigError, match=r"train\.dataset\.parts\.1: it has the targets \['.*\["):
        check_sets(data, ("train",))
    check_sets(_data(_mix(parts, {}, {"pipeline": targets}), targets), ("train",))


@pytest.mark.parametrize(
    ("options", "more", "message"),
    [
        ([{"weight": 1}, {}], {}, "weight is for all parts"),
        ([{"weight": 1, "repeat": 2}, {"weight": 1}], {}, "weight is for all parts"),
        ([{"repeat": 1}, {"repeat": 1}], {"length": 5}, "length is for parts with weights"),
        ([{"weight": 1}, {"weight": 1000}], {"length": 5}, "an epoch has no image of parts 0"),
        ([{"weight": 0}, {"weight": 1}], {}, r"parts\.0\.weight: a number above 0 or null"),
        ([{"wight": 1}, {}], {}, r"parts\.0\.wight: Part takes .*did you mean 'weight'"),
        ([{"pipeline": [{"type": "Wrap"}]}, {}], {}, r"parts\.0\.pipeline\.0: .*'Warp'"),
    ],
)
def test_mistakes_are_named(parts, options, more, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        DATASETS.build(_mix(parts, *options, **more), "data.train.dataset")


def test_a_mix_is_for_training_alone(parts) -> None:
    mix = _mix(parts, {}, {})
    with pytest.raises(ConfigError, match="a Mix cannot be a part of it"):
        DATASETS.build({"type": "Concat", "datasets": [mix]})
    val = {"dataset": mix, "pipeline": SMALL, "batch_size": 2}
    with pytest.raises(ConfigError, match=r"data\.val\.dataset: Mix is for training"):
        DataModule(val=val).val_dataloader()
