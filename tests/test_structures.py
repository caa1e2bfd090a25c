"""Text instances, samples and batches keep their parts consistent."""

import numpy as np
import pytest
import torch

from tcm.structures import Batch, Sample, TextInstances

QUAD = [[1, 2], [9, 2], [9, 6], [1, 6]]


def _three():
    return TextInstances(
        polygons=[np.array(QUAD) + 10 * i for i in range(3)],
        texts=["a", None, "c"],
        ignored=[False, True, False],
        scores=[0.1, 0.2, 0.3],
        labels=[0, 1, 2],
    )


def test_parts_get_their_types():
    texts = _three()
    assert all(p.dtype == np.float32 and p.shape == (4, 2) for p in texts.polygons)
    assert texts.ignored.dtype == bool
    assert texts.scores.dtype == np.float32
    assert texts.labels.dtype == np.int64


def test_defaults_are_counted_text_without_scores():
    texts = TextInstances([QUAD, QUAD])
    assert texts.texts == [None, None]
    assert texts.ignored.tolist() == [False, False]
    assert texts.labels.tolist() == [0, 0]
    assert texts.scores is None


def test_two_instances_share_no_default():
    one, two = TextInstances(), TextInstances()
    one.polygons.append(np.zeros((4, 2), np.float32))
    assert len(two) == 0


def test_flat_polygons_become_points():
    assert TextInstances([[1, 2, 9, 2, 9, 6]]).polygons[0].tolist() == [[1, 2], [9, 2], [9, 6]]


@pytest.mark.parametrize(
    "wrong", [{"texts": ["a"]}, {"ignored": [True]}, {"scores": [0.5]}, {"labels": [0, 0, 0]}]
)
def test_parts_of_another_length_are_refused(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name} for 2 polygons"):
        TextInstances([QUAD, QUAD], **wrong)


@pytest.mark.parametrize("keep", [[2, 0], np.array([2, 0])])
def test_select_by_indices_keeps_their_order(keep):
    chosen = _three().select(keep)
    assert chosen.texts == ["c", "a"]
    assert chosen.labels.tolist() == [2, 0]
    assert chosen.scores.tolist() == pytest.approx([0.3, 0.1])
    assert chosen.polygons[0][0].tolist() == [21, 22]


def test_select_by_mask():
    texts = _three()
    assert texts.select(texts.ignored).texts == [None]
    assert texts.select([True, False, True]).labels.tolist() == [0, 2]


@pytest.mark.parametrize("keep", [[], np.zeros(3, bool)])
def test_select_nothing(keep):
    chosen = _three().select(keep)
    assert len(chosen) == len(chosen.texts) == len(chosen.scores) == 0


def test_other_polygons_leave_the_rest_and_the_original():
    texts = _three()
    moved = texts.with_polygons([p + 1 for p in texts.polygons])
    assert moved.polygons[0][0].tolist() == [2, 3]
    assert texts.polygons[0][0].tolist() == [1, 2]
    assert moved.texts == texts.texts
    assert moved.ignored.tolist() == texts.ignored.tolist()


def test_a_sample_has_the_size_of_its_image_and_no_padding():
    sample = Sample(np.zeros((4, 6, 3), np.uint8), "a", TextInstances())
    assert sample.size == sample.valid_size == (4, 6)
    assert np.array_equal(sample.matrix, np.eye(3))


def test_a_sample_may_be_planned_larger_than_its_image_and_partly_padded():
    image = np.zeros((4, 6, 3), np.uint8)
    sample = Sample(image, "a", TextInstances(), size=(32, 64), valid=(32, 48))
    assert sample.size == (32, 64)
    assert sample.valid_size == (32, 48)


def test_samples_share_no_default():
    one, two = (Sample(np.zeros((4, 6, 3), np.uint8), "a", TextInstances()) for _ in range(2))
    one.matrix[0, 2] = 5
    one.maps["a"] = np.zeros(1)
    assert two.matrix[0, 2] == 0
    assert not two.maps


def test_a_batch_moves_all_its_tensors_and_stays_itself():
    batch = Batch(torch.zeros(1, 3, 4, 4), {"map": torch.ones(1, 4, 4)}, ["sample"])
    moved = batch.to("meta")
    assert moved.images.device.type == moved.targets["map"].device.type == "meta"
    assert batch.images.device.type == batch.targets["map"].device.type == "cpu"
    assert moved.samples == ["sample"]
