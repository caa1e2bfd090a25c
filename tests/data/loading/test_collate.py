from dataclasses import replace

import numpy as np
import pytest
import torch

from tcm.data.loading.collate import collate
from tcm.data.transforms.geometric import FitInto
from tcm.data.transforms.warp import Warp
from tcm.structures import Sample
from tests.data.builders import sample

RNG = np.random.default_rng(0)


def test_images_are_padded_with_zeros_to_a_multiple_of_32() -> None:
    samples = [sample(40, 50), sample(20, 70)]
    batch = collate(samples)
    assert batch.images.shape == (2, 3, 64, 96)
    assert batch.images.dtype == torch.uint8
    for image, one in zip(batch.images.numpy(), samples, strict=True):
        height, width = one.size
        np.testing.assert_array_equal(image[:, :height, :width], one.image.transpose(2, 0, 1))
        assert image.sum() == one.image.sum()


def test_images_come_channels_last_also_where_they_are_sent() -> None:
    batch = collate([sample(40, 50), sample(20, 70)])
    assert batch.images.is_contiguous(memory_format=torch.channels_last)
    assert batch.to("cpu").images.float().is_contiguous(memory_format=torch.channels_last)


def test_exact_multiples_are_not_padded() -> None:
    assert collate([sample(32, 64)]).images.shape == (1, 3, 32, 64)
    assert collate([sample(30, 30)], size_divisor=10).images.shape == (1, 3, 30, 30)


def test_targets_are_stacked_in_their_types_and_padded() -> None:
    first, second = sample(40, 50), sample(20, 70)
    first.maps = {"mask": np.ones((40, 50), np.uint8), "thr": np.full((40, 50), 0.3, np.float32)}
    second.maps = {"mask": np.ones((20, 70), np.uint8), "thr": np.full((20, 70), 0.5, np.float32)}
    targets = collate([first, second]).targets
    assert targets["mask"].shape == targets["thr"].shape == (2, 64, 96)
    assert targets["mask"].dtype == torch.uint8
    assert targets["thr"].dtype == torch.float32
    assert targets["mask"].sum(dim=(1, 2)).tolist() == [2000, 1400]
    assert targets["mask"][0, :40, :50].all()


def test_targets_at_a_stride_keep_it() -> None:
    first = sample(64, 64)
    first.maps = {"level": np.ones((5, 8, 8), np.float32)}
    second = sample(32, 64)
    second.maps = {"level": np.ones((5, 4, 8), np.float32)}
    level = collate([first, second]).targets["level"]
    assert level.shape == (2, 5, 8, 8)
    assert level[1, :, 4:].sum() == 0


def test_samples_lose_their_pixels_and_keep_the_rest() -> None:
    one = replace(sample(), matrix=np.diag([2.0, 3.0, 1.0]), index=7)
    one.maps = {"mask": np.ones((48, 64), np.uint8)}
    (kept,) = collate([one]).samples
    assert kept.image.size == 0
    assert kept.maps == {}
    assert kept.size == (48, 64)
    assert kept.index == 7
    assert kept.instances is one.instances
    np.testing.assert_array_equal(kept.matrix, one.matrix)
    assert one.image.size
    assert one.maps


def test_size_of_a_padded_sample_is_the_valid_part() -> None:
    padded = Warp()(FitInto([32, 32])(sample(40, 20), RNG), RNG)
    batch = collate([padded])
    assert batch.images.shape == (1, 3, 32, 32)
    assert type(batch.samples[0]) is Sample
    assert batch.samples[0].size == (32, 16)


def with_rows(*tables: np.ndarray) -> list[Sample]:
    samples = [sample(32, 32) for _ in tables]
    for one, table in zip(samples, tables, strict=True):
        one.maps = {"mask": np.ones((32, 32), np.uint8), "text_rows": table}
    return samples


def test_tables_are_padded_with_rows_of_zeros_to_the_longest() -> None:
    tables = [np.arange(1, 7).reshape(2, 3), np.zeros((0, 3), int), np.arange(1, 10).reshape(3, 3)]
    targets = collate(with_rows(*tables)).targets
    rows = targets["text_rows"]
    assert rows.shape == (3, 3, 3)
    assert rows.dtype == torch.int64
    for padded, table in zip(rows.numpy(), tables, strict=True):
        np.testing.assert_array_equal(padded[: len(table)], table)
        assert not padded[len(table) :].any()
    assert targets["mask"].shape == (3, 32, 32)


@pytest.mark.parametrize(
    ("columns", "kind"), [((), np.uint8), ((8, 2), np.float32), ((25,), np.int64), ((), bool)]
)
def test_tables_have_any_columns_and_type_and_at_least_one_row(columns: tuple, kind: type) -> None:
    rows = collate(with_rows(*[np.zeros((0, *columns), kind)] * 2)).targets["text_rows"]
    assert rows.shape == (2, 1, *columns)
    assert rows.numpy().dtype == kind
    one = collate(with_rows(np.ones((4, *columns), kind))).targets["text_rows"]
    assert one.shape == (1, 4, *columns)
    assert one.bool().all()


def test_tables_are_not_tied_to_the_samples_after() -> None:
    samples = with_rows(np.ones((2, 3)), np.ones((1, 3)))
    rows = collate(samples).targets["text_rows"]
    rows += 1
    assert samples[0].maps["text_rows"].max() == 1
    assert samples[1].maps["text_rows"].shape == (1, 3)


@pytest.mark.parametrize("other", [np.ones((2, 4)), np.ones((2, 3), np.float32)])
def test_tables_of_other_columns_or_type_are_named(other: np.ndarray) -> None:
    samples = with_rows(np.ones((2, 3)), other)
    samples[1].path = "img_7"
    with pytest.raises(ValueError, match="img_7: text_rows is float"):
        collate(samples)


def test_targets_that_one_sample_lacks_are_named() -> None:
    first, second = with_rows(np.ones((2, 3)), np.ones((1, 3)))
    second.maps = {"mask": second.maps["mask"]}
    for samples in ([first, second], [second, first]):
        with pytest.raises(ValueError, match="text_rows"):
            collate(samples)
