from dataclasses import replace

import cv2
import numpy as np
import pytest

from tcm.data.transforms.crop import RandomCropText
from tcm.data.transforms.geometric import (
    FitInto,
    RandomFlip,
    RandomRotate,
    RandomScale,
    ResizeKeepRatio,
)
from tcm.data.transforms.warp import Warp
from tcm.structures import Sample, TextInstances
from tests.data.builders import box, draw_white, sample

RNG = np.random.default_rng(0)
QUAD = np.array([[18, 14], [50, 20], [46, 38], [14, 32]], np.float32)


@pytest.mark.parametrize("scale", [[96, 72], [50, 40], [64, 48]])
def test_plain_resize_equals_opencv(scale: list[int]) -> None:
    start = sample(48, 64)
    out = Warp()(ResizeKeepRatio(scale)(start, RNG), RNG)
    expected = cv2.resize(start.image, out.size[::-1], interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(out.image, expected)


@pytest.mark.parametrize("factor", [2, 3])
def test_warp_is_aligned_to_half_pixels(factor: int) -> None:
    start = sample(48, 64)
    start.image[:] = cv2.GaussianBlur(start.image, (0, 0), 2)
    shifted = replace(
        start,
        matrix=np.array([[factor, 0, -8.0 * factor], [0, factor, -4.0 * factor], [0, 0, 1]]),
        size=(16 * factor, 32 * factor),
    )
    out = Warp()(shifted, RNG)
    whole = cv2.resize(start.image, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    expected = whole[4 * factor : 20 * factor, 8 * factor : 40 * factor]
    assert np.abs(out.image.astype(int) - expected).max() <= 2


@pytest.mark.parametrize("seed", range(6))
def test_matrix_maps_corners_onto_the_warped_pixels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    out = Sample(draw_white(QUAD, 48, 64), "", TextInstances([QUAD]))
    for transform in (RandomFlip(), RandomRotate(10), RandomScale((1.0, 2.0)), RandomCropText()):
        out = transform(out, rng)
    out = Warp()(FitInto([64, 64])(out, rng), rng)
    expected = draw_white(out.instances.polygons[0], 64, 64)
    inside, wanted = out.image[..., 0] > 127, expected[..., 0] > 127
    assert (inside & wanted).sum() / (inside | wanted).sum() > 0.96  # half a pixel off: 0.93
    centre = _centroid(out.image) - _centroid(expected)
    assert np.abs(centre).max() < 0.15


def _centroid(image: np.ndarray) -> np.ndarray:
    moments = cv2.moments(image[..., 0])
    return np.array([moments["m10"], moments["m01"]]) / moments["m00"]


def test_shrinking_much_averages_instead_of_aliasing() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    start = Sample(stripes, "", TextInstances())
    for matrix in (np.diag([0.25, 0.25, 1]), np.array([[0.25, 0, 1], [0, 0.25, 1], [0, 0, 1]])):
        out = Warp()(replace(start, matrix=matrix, size=(16, 16)), RNG)
        assert np.abs(out.image[2:-2, 2:-2].astype(int) - 128).max() <= 2


def test_shrinking_much_stays_aligned() -> None:
    quad = box(16, 12, 48, 36)
    start = Sample(
        draw_white(quad, 50, 66), "", TextInstances([quad])
    )  # 50 and 66: not whole blocks
    turn = np.array([[0.2, 0.05, 1.0], [-0.05, 0.2, 5.0], [0, 0, 1]])
    out = Warp()(replace(start, matrix=turn, size=(16, 18)), RNG)
    corners = quad @ turn[:2, :2].T + turn[:2, 2]
    assert np.abs(_centroid(out.image) + 0.5 - corners.mean(axis=0)).max() < 0.1


def test_perspective_matrix_is_applied() -> None:
    matrix = np.array([[1, 0.1, 0], [0, 1.1, 0], [0.001, 0.002, 1]])
    start = Sample(draw_white(QUAD, 48, 64), "", TextInstances([QUAD]))
    out = Warp()(replace(start, matrix=matrix, size=(48, 64)), RNG)
    mapped = cv2.perspectiveTransform(QUAD[None], matrix)[0]
    assert np.abs(_centroid(out.image) - _centroid(draw_white(mapped, 48, 64))).max() < 0.15


def test_outside_of_the_image_is_black_and_the_input_stays() -> None:
    start = sample()
    before = start.image.copy()
    matrix = np.array([[1, 0, 10], [0, 1, 0], [0, 0, 1.0]])
    out = Warp()(replace(start, matrix=matrix, size=(48, 64)), RNG)
    assert (out.image[:, :10] == 0).all()
    np.testing.assert_array_equal(out.image[:, 10:], before[:, :54])
    np.testing.assert_array_equal(start.image, before)
