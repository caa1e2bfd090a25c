import numpy as np
import pytest
import shapely

from tcm.geometry import polygons as geo
from tests.conftest import oracle_file
from tests.oracle_polygons import polygons_of, rectangle

BOX = np.array([[10, 20], [110, 20], [110, 50], [10, 50]], np.float32)
BOW_TIE = np.array([[0, 0], [4, 4], [4, 0], [0, 4]], np.float32)


@pytest.fixture(scope="module")
def oracle():
    return np.load(oracle_file("heads/transforms.npz"))


def test_area_and_perimeter_of_the_golden_rectangle():
    assert geo.area(BOX) == 3000
    assert geo.signed_area(BOX) == 3000
    assert geo.signed_area(BOX[::-1]) == -3000
    assert geo.perimeter(BOX) == 260


def test_signed_area_agrees_with_shapely_on_random_polygons():
    rng = np.random.default_rng(0)
    for points in rng.uniform(-50, 50, (20, 7, 2)):
        ring = shapely.LinearRing(points)
        # shapely's y points up.
        wanted = shapely.Polygon(ring).area * (1 if ring.is_ccw else -1)
        if ring.is_simple:
            assert geo.signed_area(points) == pytest.approx(wanted)


def test_clockwise_turns_only_what_runs_the_other_way():
    np.testing.assert_array_equal(geo.clockwise(BOX), BOX)
    turned = geo.clockwise(BOX[::-1].copy())
    assert geo.signed_area(turned) > 0
    np.testing.assert_array_equal(turned[0], BOX[-1])


def test_bounding_box_keeps_the_type():
    box = geo.bounding_box(BOX)
    assert box.dtype == np.float32
    np.testing.assert_array_equal(box, [10, 20, 110, 50])


def test_to_shapely_keeps_lengths_and_invalid_shapes():
    shapes = geo.to_shapely([BOX, BOW_TIE, BOX[:3]])
    assert [len(s.exterior.coords) - 1 for s in shapes] == [4, 4, 3]
    np.testing.assert_array_equal(shapely.is_valid(shapes), [True, False, True])
    assert len(geo.to_shapely([])) == 0


def test_intersections_of_the_oracle(oracle):
    polygons = polygons_of(oracle, "iou.polys")
    valid = oracle["iou.valid"].astype(bool)
    shapes = [geo.repair(p) for p in polygons]
    # How a self-crossing polygon is repaired depends on the version of GEOS.
    both = np.outer(valid, valid)
    inter = geo.intersection_areas(shapes, shapes)
    wanted = oracle["iou.intersection"]
    np.testing.assert_allclose(inter[both], wanted[both], rtol=1e-6, atol=1e-6)
    assert all(geo.is_simple(p) == v for p, v in zip(polygons, valid, strict=True))


def test_intersections_without_polygons():
    assert geo.intersection_areas([], [geo.repair(BOX)]).shape == (0, 1)


def test_repair_joins_the_parts_of_a_bow_tie():
    assert geo.repair(BOW_TIE).is_valid
    assert not geo.is_simple(BOW_TIE)


def test_repair_takes_the_hull_of_parts_that_a_zero_buffer_leaves():
    # Two squares of 4 x 4 that meet in a corner.
    squares = [[0, 0], [4, 0], [4, 4], [8, 4], [8, 8], [4, 8], [4, 4], [0, 4]]
    repaired = geo.repair(np.array(squares))
    assert repaired.is_valid and repaired.geom_type == "Polygon"
    assert repaired.area == 48  # 8 x 8 without two corners of 4 x 4 / 2
    assert repaired.bounds == (0, 0, 8, 8)


def test_crops_of_the_oracle(oracle):
    boxes, wanted = oracle["crop.boxes"], polygons_of(oracle, "crop.out")
    sources = polygons_of(oracle, "crop.in")
    for source, box, target, area in zip(sources, boxes, wanted, oracle["crop.area"], strict=True):
        parts = geo.clip_to_box(source, box)
        # MMOCR drops what is cut into several parts.
        assert (len(parts) == 1) == (target is not None and area > 0)
        if len(parts) == 1:
            (found,) = parts
            assert geo.area(found) == pytest.approx(area, rel=1e-3)
            assert geo.signed_area(found) > 0
            assert not np.array_equal(found[0], found[-1])
            # The same vertices, in whatever order, as MMOCR's closed ring.
            gaps = np.linalg.norm(found[:, None] - target[None], axis=2)
            assert max(gaps.min(axis=0).max(), gaps.min(axis=1).max()) < 1e-2


def test_a_part_that_only_runs_along_the_border_does_not_take_the_others_away():
    # A comb whose second tooth ends on the border of the box: a square and a line, then a point.
    comb = np.float32([[0, 0], [10, 0], [10, 8], [8, 8], [8, 4], [4, 4], [4, 10], [0, 10]])
    (square,) = geo.clip_to_box(comb, (0, 8, 10, 20))
    assert geo.bounding_box(square).tolist() == [0, 8, 4, 10]
    peak = np.float32([[0, 0], [10, 0], [9, 8], [8, 4], [4, 4], [4, 10], [0, 10]])
    assert len(geo.clip_to_box(peak, (0, 8, 10, 20))) == 1
    assert geo.clip_to_box(peak, (5, 8, 10, 20)) == []


def test_all_parts_of_random_bends_are_kept():
    rng = np.random.default_rng(0)
    several = 0
    for _ in range(200):
        angles = np.linspace(0, rng.uniform(2, 5), 8) + rng.uniform(0, 6)
        circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        bend = rng.uniform(20, 60) * np.concatenate([circle, 0.7 * circle[::-1]])
        box = (rng.uniform(-40, 40), rng.uniform(-60, 0), 60, 60)
        parts = geo.clip_to_box(bend.astype(np.float32), box)
        whole = shapely.Polygon(bend).intersection(shapely.box(*box))
        assert sum(map(geo.area, parts)) == pytest.approx(whole.area, rel=1e-4, abs=1e-3)
        several += len(parts) > 1
    assert several >= 10


def test_transform_points_divides_by_the_third_coordinate():
    matrix = np.array([[2.0, 0, 1], [0, 4, 0], [0, 0, 2]])
    np.testing.assert_allclose(geo.transform_points(BOX[:1], matrix), [[10.5, 40]])


@pytest.mark.parametrize("degrees", [0, 10, -35, 80])
def test_min_area_rect_finds_a_rotated_rectangle(degrees):
    source = rectangle(30, 8, (40, 30), degrees)
    corners, side = geo.min_area_rect(source)
    assert side == pytest.approx(8, abs=1e-3)
    assert corners[0].sum() == pytest.approx(source.sum(axis=1).min(), abs=1e-3)
    assert geo.signed_area(corners) == pytest.approx(240, rel=1e-4)
    distances = np.linalg.norm(corners[:, None] - source[None], axis=2)
    assert distances.min(axis=1).max() < 1e-3


def test_min_area_rects_of_nothing():
    corners, sides = geo.min_area_rects([])
    assert corners.shape == (0, 4, 2)
    assert sides.shape == (0,)


def test_a_grown_rectangle_is_that_of_the_grown_polygon():
    rng = np.random.default_rng(0)
    polygons = [rng.uniform(0, 60, (count, 2)).astype(np.float32) for count in (3, 4, 5, 9) * 5]
    distances = rng.uniform(0, 12, len(polygons))
    corners, sides = geo.grown_min_area_rects(polygons, distances)
    for polygon, distance, found, side in zip(polygons, distances, corners, sides, strict=True):
        hull = shapely.convex_hull(shapely.multipoints(polygon.astype(np.float64)))
        round_ = shapely.buffer(hull, distance, quad_segs=64)
        wanted = shapely.minimum_rotated_rectangle(round_)
        rectangle = shapely.Polygon(found)
        assert rectangle.area == pytest.approx(wanted.area, rel=2e-3)
        assert rectangle.buffer(1e-3).contains(round_)
        lengths = np.linalg.norm(np.diff(found, axis=0), axis=1)[:2]
        assert side == pytest.approx(lengths.min(), rel=1e-5)
        assert geo.signed_area(found) > 0 and found.sum(axis=1).argmin() == 0


def test_without_growth_it_is_the_rectangle_itself_even_of_a_line_or_a_point():
    polygons = [
        np.float32(p) for p in ([[0, 0], [4, 4], [2, 6], [-2, 2]], [[1, 1], [5, 1], [3, 1]])
    ]
    for found, wanted in zip(
        geo.grown_min_area_rects(polygons, [0, 0]), geo.min_area_rects(polygons), strict=True
    ):
        np.testing.assert_allclose(found, wanted, atol=1e-5)
    corners, sides = geo.grown_min_area_rects([np.float32([[3, 4]] * 3)], [2])
    np.testing.assert_allclose(corners[0], [[1, 2], [5, 2], [5, 6], [1, 6]])
    assert sides.tolist() == [4]
    assert geo.grown_min_area_rects([], [])[0].shape == (0, 4, 2)


def test_convex_polygons_turn_once_around():
    angles = np.linspace(0, 2 * np.pi, 6)[:-1]
    pentagon = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert geo.is_convex(pentagon)
    assert not geo.is_convex(pentagon[::-1])  # it runs anticlockwise
    assert not geo.is_convex(pentagon[[0, 2, 4, 1, 3]])  # a star turns twice around
    dented = np.array([[0, 0], [10, 0], [10, 10], [5, 2], [0, 10]])
    assert not geo.is_convex(dented)


def test_many_polygons_are_simple_as_each_by_itself():
    square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], np.float32)
    polygons = [square, square[[0, 2, 1, 3]], square[:2], square * np.nan, square * [1, 0]]
    assert geo.are_simple(polygons).tolist() == [True, False, False, False, False]
    assert geo.are_simple([]).tolist() == []
