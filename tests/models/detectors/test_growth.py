"""Growing whole fronts against the queue that it stands for, pixel by pixel."""

from collections import deque

import cv2
import numpy as np
import pytest

from tcm.models.detectors.growth import grow

STEPS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}


def queue_growth(labels, front, mask, directions=tuple(STEPS), wanted=lambda pixel, label: True):
    """Return the labels and the new pixels, by a plain queue."""
    labels, width = labels.copy(), labels.shape[1]
    queue, new = deque(front.tolist()), []
    while queue:
        pixel = queue.popleft()
        y, x = divmod(pixel, width)
        for dy, dx in (STEPS[name] for name in directions):
            j, i = y + dy, x + dx
            if not (0 <= j < len(labels) and 0 <= i < width) or labels[j, i] or not mask[j, i]:
                continue
            if wanted(j * width + i, labels[y, x]):
                labels[j, i] = labels[y, x]
                queue.append(j * width + i)
                new.append(j * width + i)
    return labels, new


def random_case(seed, size=(37, 53)):
    rng = np.random.default_rng(seed)
    mask = rng.random(size) < 0.75
    _, labels = cv2.connectedComponents((rng.random(size) < 0.1).view(np.uint8), connectivity=4)
    return labels, rng.permutation(np.flatnonzero(labels)), mask


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("directions", [tuple(STEPS), ("left", "right", "up", "down")])
def test_it_is_the_queue_to_the_pixel(seed, directions):
    labels, front, mask = random_case(seed)
    wanted, wanted_new = queue_growth(labels, front, mask, directions)
    found, new = grow(labels, front, mask, directions)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(new, wanted_new)
    assert found.dtype == np.int32


@pytest.mark.parametrize("seed", range(3))
def test_claims_can_be_refused_by_pixel_and_label(seed):
    labels, front, mask = random_case(seed)
    liked = np.random.default_rng(seed).random((labels.max() + 1, labels.size)) < 0.7
    wanted, wanted_new = queue_growth(labels, front, mask, wanted=lambda p, n: liked[n, p])
    found, new = grow(labels, front, mask, accept=lambda pixels, names: liked[names, pixels])
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(new, wanted_new)


def test_the_order_of_the_front_decides_a_draw():
    labels = np.array([[1, 0, 2]], np.int32)
    mask = np.ones((1, 3), bool)
    assert grow(labels, np.array([0, 2]), mask)[0].tolist() == [[1, 1, 2]]
    assert grow(labels, np.array([2, 0]), mask)[0].tolist() == [[1, 2, 2]]


def test_nothing_crosses_the_border_of_the_map():
    labels = np.zeros((3, 4), np.int32)
    labels[0, 3] = 5
    mask = np.zeros((3, 4), bool)
    mask[1:, 0] = mask[2] = True  # the next pixel in memory, and the row above's in a ring
    assert grow(labels, np.array([3]), mask)[0].sum() == 5


def test_an_empty_front_changes_nothing_and_arguments_are_left_alone():
    labels, front, mask = random_case(0)
    before = labels.copy(), front.copy(), mask.copy()
    found, new = grow(labels, np.zeros(0, np.int64), mask)
    np.testing.assert_array_equal(found, labels)
    assert new.shape == (0,)
    grow(labels, front, mask)
    for array, wanted in zip((labels, front, mask), before, strict=True):
        np.testing.assert_array_equal(array, wanted)
