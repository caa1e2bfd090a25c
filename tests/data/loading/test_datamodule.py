import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tcm.data.loading import subset
from tcm.data.loading.datamodule import DataModule
from tcm.errors import ConfigError
from tcm.registry import build
from tests.data.builders import write_dataset
from tests.data.datasets.test_datasets import CHAIN


def from_config(config: dict[str, Any], **extra: Any) -> DataModule:
    return build(DataModule, config, "data", **extra)


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    dataset = {"type": "TextDataset", "ann_file": str(write_dataset(tmp_path, count=8))}
    resize = [{"type": "ResizeKeepRatio", "scale": [60, 40]}, {"type": "Warp"}]
    return {
        "train": {"dataset": dataset, "pipeline": CHAIN, "batch_size": 3},
        "val": {"dataset": dataset, "pipeline": resize, "batch_size": 5},
    }


def test_training_batches_are_shuffled_and_augmented(config: dict[str, Any]) -> None:
    module = from_config(config, seed=1)
    assert module.batches_per_epoch() == 2
    batches = list(itertools.islice(module.train_dataloader(), 2))
    assert [batch.images.shape for batch in batches] == [(3, 3, 32, 32)] * 2
    order = [sample.index for batch in batches for sample in batch.samples]
    assert len(set(order)) == 6
    assert order != sorted(order)


def test_training_goes_on_into_another_order_each_epoch(config: dict[str, Any]) -> None:
    loader = from_config(config, seed=1).train_dataloader()
    orders = [[s.index for s in batch.samples] for batch in itertools.islice(loader, 6)]
    assert orders[:2] != orders[2:4] != orders[4:]


def test_validation_keeps_order_and_truth_and_test_defaults_to_it(config: dict[str, Any]) -> None:
    module = from_config(config)
    for loader in (module.val_dataloader(), module.test_dataloader()):
        samples = [sample for batch in loader for sample in batch.samples]
        assert [sample.index for sample in samples] == list(range(8))
        assert all(sample.size == (40, 53) for sample in samples)
        np.testing.assert_array_equal(samples[0].instances.polygons[0][0], [8, 8])


@pytest.mark.parametrize(("start_method", "workers"), [("fork", 1), ("fork", 4), ("spawn", 1)])
def test_batches_do_not_depend_on_the_workers(
    config: dict[str, Any], start_method: str, workers: int
) -> None:
    runs = []
    for count in (0, workers):
        workers_of = {"num_workers": count, "start_method": start_method}
        module = from_config({**config, **workers_of}, seed=1)
        batches = itertools.islice(module.train_dataloader(), 4)
        runs.append(torch.stack([batch.images for batch in batches]))
    assert torch.equal(*runs)
    assert not torch.equal(runs[0][:2], runs[0][2:])


def test_data_fraction_chooses_a_written_subset(config: dict[str, Any], tmp_path: Path) -> None:
    config["train"]["batch_size"] = 2
    module = from_config(config, data_fraction=0.5, data_seed=4)
    assert module.length("train") == 4
    module.write_subset(tmp_path)
    written = subset.read(tmp_path / "subset.json")
    batches = itertools.islice(module.train_dataloader(), 2)
    names = {Path(sample.path).name for batch in batches for sample in batch.samples}
    assert names == set(written.ids)
    assert (written.fraction, written.seed) == (0.5, 4)


def test_whole_data_writes_no_subset(config: dict[str, Any], tmp_path: Path) -> None:
    module = from_config(config)
    module.write_subset(tmp_path)
    assert not (tmp_path / "subset.json").exists()


def test_wrong_keys_are_named_together(config: dict[str, Any]) -> None:
    config["train"]["batchsize"] = config["train"].pop("batch_size")
    with pytest.raises(ConfigError) as caught:
        from_config(config)
    assert str(caught.value).splitlines() == [
        "data.train.batchsize: Stage takes no argument 'batchsize'; did you mean 'batch_size'?",
        "data.train: Stage needs the argument 'batch_size'",
    ]
    with pytest.raises(ConfigError, match="data.num_worker: .*did you mean 'num_workers'"):
        from_config({"num_worker": 2})


def test_absent_stage_is_named(config: dict[str, Any]) -> None:
    del config["val"]
    with pytest.raises(ConfigError, match="data.test: missing"):
        from_config(config).test_dataloader()
