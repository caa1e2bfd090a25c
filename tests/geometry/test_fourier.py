import numpy as np
import pytest

from tcm.geometry.fourier import (
    fourier_basis,
    fourier_outlines,
    fourier_signature,
    real_signature,
    resample_outline,
)
from tests.conftest import oracle_file
from tests.oracle_polygons import iou, polygons_of, rectangle

BOX = np.array([[10, 20], [50, 20], [50, 40], [10, 40]], np.float32)


def test_signatures_are_those_of_mmocr():
    data = np.load(oracle_file("heads/fcenet_targets.npz"))
    for polygon, wanted in zip(polygons_of(data, "polys"), data["signature"], strict=True):
        degree = (len(wanted) - 1) // 2
        found = fourier_signature(np.trunc(polygon), degree, start="top")
        np.testing.assert_allclose(found, wanted[:, 0] + 1j * wanted[:, 1], atol=1e-5)


def test_reconstructions_are_those_of_mmocr():
    data = np.load(oracle_file("heads/fcenet_targets.npz"))
    signatures, wanted = data["signature"], data["reconstruction"]
    flat = np.concatenate([signatures[..., 0], signatures[..., 1]], axis=1)
    np.testing.assert_allclose(fourier_outlines(flat, wanted.shape[1]), wanted, atol=1e-3)


def test_golden_rectangle():
    wanted = [0.0263 - 0.6667j, 0, -0.0319 + 1.3470j, 0, -0.0350 + 4.4370j, 30 + 30j,
              -0.1310 - 16.6011j, 0, 0.0324 + 1.3682j, 0, 0.0066 + 0.1669j]  # fmt: skip
    assert len(resample_outline(BOX)) == 398
    np.testing.assert_allclose(fourier_signature(BOX, start="top"), wanted, atol=2e-3)


def test_the_paper_starts_at_the_rightmost_point_on_the_centres_height():
    (first,) = fourier_outlines(real_signature(fourier_signature(BOX, 40))[None], 1)
    np.testing.assert_allclose(first, [[50, 30]], atol=0.8)
    # A bent text whose centre lies outside of it: both arms cross the horizontal axis.
    bow = [[0, 60], [0, 0], [90, 0], [90, 60], [70, 60], [70, 20], [20, 20], [20, 60]]
    (first,) = fourier_outlines(real_signature(fourier_signature(np.array(bow), 40))[None], 1)
    assert first[0, 0] == pytest.approx(90, abs=2)
    (first,) = fourier_outlines(real_signature(fourier_signature(BOX, 40, start="top"))[None], 1)
    np.testing.assert_allclose(first, [[30, 20]], atol=0.8)


@pytest.mark.parametrize("start", ["right", "top"])
def test_the_direction_and_the_first_vertex_do_not_matter(start):
    polygon = rectangle(60, 25, (50, 40), 20)
    wanted = fourier_signature(polygon, start=start)
    for other in (polygon[::-1], np.roll(polygon, 1, axis=0), np.roll(polygon[::-1], 2, axis=0)):
        np.testing.assert_allclose(fourier_signature(other, start=start), wanted, atol=0.15)
    assert np.abs(wanted[6]) > np.abs(wanted[4])


def test_a_signature_moves_and_grows_with_its_outline():
    polygon = rectangle(60, 25, (50, 40), 20).astype(np.float64)
    wanted = fourier_signature(polygon)
    np.testing.assert_allclose(fourier_signature(4 * polygon), 4 * wanted, atol=1e-6)
    moved = wanted + np.where(np.arange(11) == 5, 100 - 7j, 0)
    np.testing.assert_allclose(fourier_signature(polygon + [100, -7]), moved, atol=1e-6)


@pytest.mark.parametrize("degrees", [0, 90, 33, -70])
@pytest.mark.parametrize("start", ["right", "top"])
def test_few_coefficients_hold_a_word(degrees, start):
    polygon = rectangle(90, 30, (70, 80), degrees)
    signature = fourier_signature(polygon, 5, start=start)
    (outline,) = fourier_outlines(real_signature(signature)[None])
    assert iou(outline, polygon) > 0.93


def test_the_basis_is_the_inverse_transform():
    rng = np.random.default_rng(0)
    signature = rng.normal(size=7) + 1j * rng.normal(size=7)
    x, y = (real_signature(signature) @ fourier_basis(3, 9)).reshape(2, 9)
    for n in range(9):
        z = sum(
            c * np.exp(2j * np.pi * j * n / 9) for j, c in zip(range(-3, 4), signature, strict=True)
        )
        assert x[n] + 1j * y[n] == pytest.approx(z)


def test_resampling_keeps_to_the_outline_and_to_each_edges_share():
    points = resample_outline(BOX, 100)
    on_top = (points[:, 1] == 20) & (points[:, 0] < 50)
    assert on_top.sum() == 33
    np.testing.assert_allclose(np.diff(points[on_top, 0]), 40 / 33)
    assert set(map(tuple, BOX)) <= set(map(tuple, points))


def test_outlines_of_many_vertices_and_repeated_points_have_signatures():
    turn = np.linspace(0, 2 * np.pi, 900, endpoint=False)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1) * 30 + 50
    np.testing.assert_allclose(fourier_signature(circle)[[5, 6]], [50 + 50j, 30], atol=0.1)
    doubled = np.repeat(BOX, 2, axis=0)
    np.testing.assert_allclose(fourier_signature(doubled), fourier_signature(BOX), atol=1e-9)
