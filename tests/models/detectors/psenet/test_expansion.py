"""Progressive expansion against the queue of the paper, pixel by pixel."""

import time
from collections import deque

import cv2
import numpy as np
import pytest

from tcm.models.detectors.psenet.expansion import expand


def queue_expansion(labels, kernels):
    """Return the labels grown by a plain queue; pixels enter a step in the order of labelling."""
    height, width = labels.shape
    labels = labels.copy()
    entering = [(y, x) for y, x in np.argwhere(labels).tolist()]
    for kernel in kernels[::-1]:
        pixels = deque(entering)
        while pixels:
            y, x = pixels.popleft()
            for j, i in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if 0 <= j < height and 0 <= i < width and not labels[j, i] and kernel[j, i]:
                    labels[j, i] = labels[y, x]
                    pixels.append((j, i))
                    entering.append((j, i))
    return labels


def random_case(seed, size=(41, 47), count=5):
    """Return components of a smallest kernel and the other kernels, all within the first."""
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.random((count, *size)).transpose(1, 2, 0), (5, 5), 1.0)
    kernels = noise.transpose(2, 0, 1) > np.linspace(0.43, 0.55, count)[:, None, None]
    kernels &= kernels[:1]
    _, labels = cv2.connectedComponents(kernels[-1].view(np.uint8), connectivity=4)
    return labels, kernels[:-1]


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_queue_to_the_pixel(seed):
    labels, kernels = random_case(seed)
    before = labels.copy(), kernels.copy()
    found = expand(labels, kernels)
    wanted = queue_expansion(labels, kernels)
    assert (wanted > 0).sum() > 1.5 * (labels > 0).sum()  # or the case would say nothing
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(labels, before[0])
    np.testing.assert_array_equal(kernels, before[1])


def test_growth_is_progressive():
    """A kernel that is near in the whole text loses to the one that reaches a pixel earlier."""
    labels = np.zeros((1, 12), np.int32)
    labels[0, 0], labels[0, 9] = 1, 2
    kernels = np.zeros((2, 1, 12), bool)
    kernels[0] = True
    kernels[1, 0, :8] = True
    assert expand(labels, kernels).tolist() == [[1] * 8 + [2] * 4]
    assert expand(labels, kernels[:1]).tolist() == [[1] * 5 + [2] * 7]


def test_without_kernels_there_is_nothing_to_grow():
    assert not expand(np.zeros((8, 8), np.int32), np.ones((3, 8, 8), bool)).any()


def grid_case(size=(184, 320)):
    """Return a hundred words in nested kernels, as in an image of 736 x 1280 px."""
    kernels = np.zeros((7, *size), np.uint8)
    for kernel, less in zip(kernels, (0, 0.5, 1, 1.5, 2, 2.5, 3), strict=True):
        for i in range(100):
            x, y = 32 * (i % 10), 18 * (i // 10)
            first = int(x + 2 + less), int(y + 3 + less)
            cv2.rectangle(kernel, first, (int(x + 29 - less), int(y + 13 - less)), 1, -1)
    _, labels = cv2.connectedComponents(kernels[-1], connectivity=4)
    return labels, kernels[:-1].view(bool)


def test_it_takes_a_fifth_of_the_time_of_a_queue_at_most():
    case = grid_case()
    times = {}
    for name, function in (("ours", expand), ("queue", queue_expansion)):
        start = time.perf_counter()
        found = function(*case)
        times[name] = time.perf_counter() - start
        assert len(np.unique(found)) == 101
    assert times["queue"] >= 5 * times["ours"]
