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
from tcm.errors import ConfigError
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


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_whole_blocks_of_the_shrinking_are_averaged(factor: int) -> None:
    # Stripes as wide as half a block; where a new pixel falls on an old one's centre, interpolation
    # averages nothing, and a block of half the side lies in one stripe.
    columns = np.arange(16 * factor) // (factor // 2) % 2 * 255
    stripes = np.broadcast_to(columns[:, None], (16 * factor, 16 * factor, 3)).swapaxes(0, 1)
    for image in (stripes, stripes.swapaxes(0, 1)):
        start = Sample(np.ascontiguousarray(image, np.uint8), "", TextInstances())
        for shift in (0.25, 0.5):
            matrix = np.array([[1 / factor, 0, shift], [0, 1 / factor, shift], [0, 0, 1]])
            for turn in (np.eye(3), np.array([[0, 1.0, 0], [1, 0, 0], [0, 0, 1]])):
                out = Warp()(replace(start, matrix=turn @ matrix, size=(16, 16)), RNG)
                assert np.abs(out.image[2:-2, 2:-2].astype(int) - 128).max() <= 2


def test_an_axis_that_does_not_shrink_keeps_its_detail() -> None:
    rows = np.random.default_rng(0).integers(0, 256, (16, 1, 3), dtype=np.uint8)
    start = Sample(np.repeat(rows, 64, axis=1), "", TextInstances())
    turned = np.array([[0, 1.0, 0], [0.25, 0, 0], [0, 0, 1]])  # rows become columns
    out = Warp()(replace(start, matrix=turned, size=(16, 16)), RNG)
    np.testing.assert_array_equal(out.image, np.repeat(rows.swapaxes(0, 1), 16, axis=0))


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


def dull(polygons: list[np.ndarray]) -> Sample:
    """Return dark noise in 40..60 with white texts."""
    image = np.random.default_rng(0).integers(40, 61, (48, 64, 3), dtype=np.uint8)
    for polygon in polygons:
        left, top, right, bottom = (int(v) for v in (*polygon[0], *polygon[2]))
        image[top:bottom, left:right] = 255
    return Sample(image, "", TextInstances(polygons))


def test_replicate_prolongs_the_border() -> None:
    start = dull([])
    turned = RandomRotate(45, use_canvas=True)(start, np.random.default_rng(1))
    assert (Warp()(turned, RNG).image == 0).any()
    assert Warp("replicate")(turned, RNG).image.min() >= 40
    padded = FitInto([80, 64])(start, RNG)
    out = Warp("replicate")(padded, RNG)
    assert out.valid is None
    np.testing.assert_array_equal(out.image[:48], start.image)
    np.testing.assert_array_equal(out.image[48:], np.repeat(start.image[47:48], 32, axis=0))


def test_patch_fills_with_a_part_of_the_image_that_shows_no_text() -> None:
    start = dull([box(2, 2, 40, 30), box(8, 34, 60, 44)])
    for seed in range(20):
        rng = np.random.default_rng(seed)
        turned = RandomRotate(30, use_canvas=True)(start, rng)
        padded = FitInto([72, 64])(turned, rng)
        out = Warp("patch")(padded, rng)
        plain = Warp()(padded, rng).image
        empty = (plain == 0).all(axis=2)
        assert empty.mean() > 0.1
        assert out.valid is None
        assert 40 <= out.image[empty].min() <= out.image[empty].max() <= 60
        full = cv2.erode((~empty).astype(np.uint8), np.ones((5, 5)), borderValue=0) == 1
        np.testing.assert_array_equal(out.image[full], plain[full])


def test_patches_differ() -> None:
    padded = FitInto([64, 64])(dull([]), RNG)
    pictures = {Warp("patch")(padded, np.random.default_rng(i)).image.tobytes() for i in range(5)}
    assert len(pictures) == 5


def test_patch_is_magnified_nine_times() -> None:
    ramp = np.repeat(np.arange(64, dtype=np.uint8)[None, :, None] * 3, 48, axis=0).repeat(3, axis=2)
    padded = FitInto([96, 64])(Sample(ramp, "", TextInstances()), RNG)
    row = Warp("patch")(padded, np.random.default_rng(0)).image[90, :, 0].astype(int)
    assert row[-1] - row[0] == pytest.approx(3 * 64 / 9, abs=2)


def test_an_image_full_of_text_is_filled_with_black() -> None:
    padded = FitInto([64, 64])(dull([box(0, 0, 64, 48)]), RNG)
    out = Warp("patch")(padded, np.random.default_rng(0))
    assert (out.image[48:] == 0).all()
    assert (out.image[:48] == 255).all()


@pytest.mark.parametrize("fill", ["replicate", "patch"])
def test_a_crop_is_not_filled_with_what_lies_beside_it(fill: str) -> None:
    start = dull([box(34, 2, 60, 46)])
    cropped = replace(start, size=(48, 30), instances=TextInstances())
    out = Warp(fill)(FitInto([48, 60])(cropped, RNG), np.random.default_rng(0))
    assert out.image.max() <= 60
    assert out.image.min() >= 40


def test_a_canvas_without_gaps_needs_no_fill() -> None:
    resized = RandomScale((1.2, 1.8))(sample(), np.random.default_rng(0))
    shifted = replace(resized, size=(40, 50), instances=TextInstances())
    plain = Warp()(shifted, RNG).image
    for fill in ("replicate", "patch"):
        inner = Warp(fill)(shifted, RNG).image[2:, 2:]
        np.testing.assert_array_equal(inner, plain[2:, 2:])


def test_black_keeps_what_is_valid() -> None:
    assert Warp()(FitInto([64, 64])(sample(), RNG), RNG).valid == (48, 64)


def test_unknown_fill_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="got 'replicat'; did you mean 'replicate'"):
        Warp("replicat")
