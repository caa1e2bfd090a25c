from collections import deque

import cv2
import numpy as np
import pytest

from tcm.models.detectors.panet.aggregation import aggregate
from tests.conftest import oracle_file


def literal_aggregation(text, kernel, embedding, distance):
    """Label pixels one by one through a queue, as the paper and MMOCR do."""
    height, width = text.shape
    _, labels = cv2.connectedComponents(kernel.astype(np.uint8), connectivity=4)
    means = {i: embedding[:, labels == i].mean(axis=1) for i in np.unique(labels) if i}
    queue = deque(map(tuple, np.argwhere(labels > 0)))
    while queue:
        row, column = queue.popleft()
        label = labels[row, column]
        for y, x in ((row, column - 1), (row, column + 1), (row - 1, column), (row + 1, column)):
            if not (0 <= y < height and 0 <= x < width and text[y, x]) or labels[y, x]:
                continue
            if np.linalg.norm(embedding[:, y, x] - means[label]) < distance:
                labels[y, x] = label
                queue.append((y, x))
    return labels


def random_maps(seed):
    rng = np.random.default_rng(seed)
    smooth = cv2.GaussianBlur(rng.normal(size=(40, 48, 6)), (0, 0), 2.0)
    smooth /= smooth.std(axis=(0, 1))
    text = smooth[..., 0] > -0.6
    kernel = text & (smooth[..., 0] + 0.3 * smooth[..., 1] > 0.8)
    return text, kernel, np.ascontiguousarray(2 * smooth[..., 2:].transpose(2, 0, 1), np.float32)


@pytest.mark.parametrize("distance", [1.5, 4.0, 100.0])
@pytest.mark.parametrize("seed", range(4))
def test_it_equals_a_queue_over_pixels(seed, distance):
    text, kernel, embedding = random_maps(seed)
    found = aggregate(text, kernel, embedding, distance)
    wanted = literal_aggregation(text, kernel, embedding, distance)
    assert found.dtype == np.int32
    assert wanted.max() > 3
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("index", [0, 1])
def test_the_labels_of_mmocr(index):
    data = np.load(oracle_file("heads/panet_post.npz"))
    maps = data[f"{index}.maps"].astype(np.float32)
    least = {
        name: np.log(p / (1 - p))
        for name in ("text", "kernel")
        for p in [float(data[f"cfg.min_{name}_confidence"])]
    }
    text = maps[0] > least["text"]
    kernel = text & (maps[1] > least["kernel"])
    found = aggregate(text, kernel, maps[2:], float(data["cfg.distance_threshold"]))
    np.testing.assert_array_equal(found, data[f"{index}.labels"])
    np.testing.assert_array_equal(found[kernel], data[f"{index}.kernel_labels"][kernel])


def test_without_kernels_nothing_is_labelled():
    text = np.ones((5, 6), bool)
    assert not aggregate(text, ~text, np.zeros((4, 5, 6), np.float32), 6.0).any()
    assert not aggregate(~text, ~text, np.zeros((4, 5, 6), np.float32), 6.0).any()


def test_the_maps_are_left_alone():
    maps = random_maps(0)
    before = [m.copy() for m in maps]
    aggregate(*maps, 3.0)
    for found, wanted in zip(maps, before, strict=True):
        np.testing.assert_array_equal(found, wanted)
