import numpy as np
import pytest
import shapely

from tcm.geometry.offsets import offset_polygon, offset_polygons
from tcm.geometry.polygons import area, bounding_box, signed_area
from tests.conftest import oracle_file
from tests.mmocr_offsets import offset_polygon_integer
from tests.oracle_polygons import polygons_of

BOX = np.array([[10, 20], [110, 20], [110, 50], [10, 50]], np.float32)
# Two rooms joined by a corridor of 2 px.
DUMBBELL = np.array(
    [[0, 0], [10, 0], [10, 4], [20, 4], [20, 0], [30, 0], [30, 10], [20, 10], [20, 6], [10, 6],
     [10, 10], [0, 10]], np.float32
)  # fmt: skip


def test_the_integer_offsets_of_the_tests_are_mmocrs():
    data = np.load(oracle_file("heads/transforms.npz"))
    wanted = iter(polygons_of(data, "offset.out"))
    for polygon in polygons_of(data, "offset.in"):
        for distance in data["offset.distances"]:
            found, target = offset_polygon_integer(polygon, distance), next(wanted)
            assert (found is None) == (target is None)
            if found is not None:
                assert {tuple(p) for p in found} == {tuple(p) for p in target}


def test_exact_offsets_are_near_the_integer_ones():
    data = np.load(oracle_file("heads/transforms.npz"))
    areas = data["offset.area"]
    for polygon, row in zip(polygons_of(data, "offset.in"), areas, strict=True):
        for distance, wanted in zip(data["offset.distances"], row, strict=True):
            found = offset_polygon(polygon, distance)
            if found is not None and wanted > 0:
                # Truncation and rounding move an outline by up to a pixel in x and y.
                rim = np.linalg.norm(np.roll(found, -1, axis=0) - found, axis=1).sum()
                assert abs(area(found) - wanted) <= 1.5 * rim


def test_growing_a_rectangle_adds_sides_and_rounded_corners():
    grown = offset_polygon(BOX, 5.5)
    np.testing.assert_allclose(bounding_box(grown), [4.5, 14.5, 115.5, 55.5], atol=1e-4)
    circle = 8 * 5.5**2 * np.sin(np.pi / 8)  # the inscribed 16-gon
    assert area(grown) == pytest.approx(3000 + 260 * 5.5 + circle, rel=1e-5)
    assert signed_area(grown) > 0


def test_shrinking_a_rectangle_keeps_its_corners_sharp():
    shrunk = offset_polygon(BOX, -9.6923)
    assert len(shrunk) == 4
    wanted = [19.6923, 29.6923, 100.3077, 40.3077]
    np.testing.assert_allclose(bounding_box(shrunk), wanted, atol=1e-4)


def test_vanished_and_split_polygons_are_none():
    assert offset_polygon(BOX, -16) is None
    assert offset_polygon(DUMBBELL, -2) is None


def test_many_at_once_equal_one_by_one_in_order():
    polygons, distances = [BOX, DUMBBELL, BOX[::-1], BOX], [3.0, -2.0, -4.0, 0.5]
    many = offset_polygons(polygons, distances)
    assert many[1] is None
    for polygon, distance, found in zip(polygons, distances, many, strict=True):
        if found is not None:
            np.testing.assert_array_equal(found, offset_polygon(polygon, distance))
            assert signed_area(found) > 0
    assert offset_polygons([], []) == []


def test_a_crossing_outline_is_repaired_first():
    bow_tie = np.array([[0, 0], [40, 40], [40, 0], [0, 30]], np.float32)
    repaired = shapely.Polygon(bow_tie).buffer(0)
    for distance in (2.0, -2.0):
        wanted = repaired.buffer(distance, quad_segs=4)
        assert area(offset_polygon(bow_tie, distance)) == pytest.approx(wanted.area, rel=1e-5)
