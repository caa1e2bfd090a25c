"""Word crops from the files to the batch, by a config as it is written."""

import numpy as np
import pytest
import torch

import tcm.data.datasets.lmdb_words
import tcm.data.datasets.words  # noqa: F401  # registers
from tcm.charset import SETS
from tcm.data.loading.datamodule import DataModule
from tcm.registry import build
from tests.data.word_files import KEPT, write_folder

PIPELINE = [
    {"type": "StretchTo", "size": [32, 128]},
    {"type": "Warp", "fill": "grey", "interpolation": "bicubic"},
    {"type": "LabelTargets", "charset": 94},
]


@pytest.fixture
def data(tmp_path):
    real = {"type": "FolderWords", "ann_file": str(write_folder(tmp_path))}
    return build(
        DataModule,
        {
            "train": {
                "dataset": {
                    "type": "Concat",
                    "datasets": [real, {"type": "SyntheticWords", "length": 7}],
                },
                "pipeline": [{"type": "WordAugment"}, *PIPELINE],
                "batch_size": 12,
            },
            "val": {"dataset": real, "pipeline": PIPELINE[:2], "batch_size": 2},
        },
        "data",
    )


def test_a_training_batch_has_the_labels_of_its_words(data):
    batch = next(iter(data.train_dataloader()))
    assert batch.images.shape == (12, 3, 32, 128) and batch.images.dtype == torch.uint8
    rows = batch.targets["text_rows"]
    assert rows.shape == (12, 1, 25) and rows.dtype == torch.int64
    for row, sample in zip(rows[:, 0].tolist(), batch.samples, strict=True):
        read = "".join(SETS["parseq94"][i] for i in row if i >= 0)
        assert [read] == sample.instances.texts


def test_a_test_batch_leads_back_to_the_crops(data):
    batches = list(data.val_dataloader())
    samples = [sample for batch in batches for sample in batch.samples]
    assert [sample.instances.texts[0] for sample in samples] == KEPT
    for sample in samples:
        assert sample.size == (32, 128)
        corner = np.linalg.inv(sample.matrix) @ [128, 32, 1]
        np.testing.assert_allclose(corner[:2], sample.instances.polygons[0][2])


def test_the_augmented_batch_is_the_same_again(data):
    first, again = (next(iter(data.train_dataloader())) for _ in range(2))
    assert torch.equal(first.images, again.images)
