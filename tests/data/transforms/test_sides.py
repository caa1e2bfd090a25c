import numpy as np
import pytest
import shapely

from tcm.data.transforms.sides import LEGIBLE_SHARE, cut, mirrored
from tcm.geometry.bezier import polygon_sides
from tcm.geometry.polygons import area, clip_to_box, signed_area
from tests.data.builders import box

WINDOW = (0.0, 0.0, 100.0, 60.0)
# A word of 4 + 4 vertices that rises to the right.
WORD = np.array(
    [[10, 30], [30, 26], [50, 22], [70, 18], [72, 28], [52, 32], [32, 36], [12, 40]], np.float32
)


def arc(points: int, centre: tuple[float, float], radius: float, turn: float) -> np.ndarray:
    """Return a word of 2 * `points` vertices on a third of a circle, thick as half its radius."""
    angles = turn + np.linspace(-1, 1, points)
    circle = np.stack([np.sin(angles), -np.cos(angles)], axis=1)
    return np.concatenate([1.25 * circle, 0.75 * circle[::-1]]) * radius + np.array(centre)


def sorted_corners(polygon: np.ndarray) -> np.ndarray:
    return polygon[np.lexsort(polygon.T)]


def test_a_cut_across_leaves_parts_of_both_sides() -> None:
    (part,), legible = cut(box(-20, 10, 60, 30), WINDOW)
    np.testing.assert_allclose(part, box(0, 10, 60, 30))
    assert not legible


def test_a_cut_along_the_lower_side_leaves_the_upper_one_as_it_is() -> None:
    (part,), legible = cut(box(10, 20, 60, 61), WINDOW)
    np.testing.assert_allclose(part, box(10, 20, 60, 60))
    assert legible


def test_a_corner_that_is_cut_off_gets_an_equal_vertex_on_the_other_side() -> None:
    # The top left corner is outside: two vertices in place of one, so the lower side gets a third.
    quad = np.array([[-1, 10], [40, 10], [40, 30], [5, 30]], np.float32)
    (part,), legible = cut(quad, WINDOW)
    expected = [[0, 10 + 20 / 6], [0, 10], [40, 10], [40, 30], [22.5, 30], [5, 30]]
    np.testing.assert_allclose(part, expected, atol=1e-5)
    assert legible


@pytest.mark.parametrize(("corner", "new"), [(-8.0, (24.0, "lower")), (-0.5, (36.0, "upper"))])
def test_a_cut_through_an_end_belongs_to_the_nearer_side(corner: float, new: tuple) -> None:
    # Read downwards: the upper side is on the right; its first corner is cut off.
    quad = np.array([[40, corner], [40, 50], [20, 50], [20, 2]], np.float32)
    upper, lower = polygon_sides(cut(quad, WINDOW)[0][0])
    x, side = new
    ends = {"upper": upper[0], "lower": lower[-1]}
    np.testing.assert_allclose(ends[side], [x, 0], atol=1e-4)
    np.testing.assert_allclose(upper[1] if side == "upper" else upper[0], [40, 0], atol=1e-4)


@pytest.mark.parametrize(("left", "legible"), [(-5.0, True), (-5.5, False)])
def test_a_text_is_legible_down_to_a_share_of_its_area(left: float, legible: bool) -> None:
    assert LEGIBLE_SHARE == 0.95
    assert cut(box(left, 10, left + 100, 30), WINDOW)[1] == legible


def test_nothing_is_left_of_a_text_outside() -> None:
    assert cut(box(110, 10, 120, 20), WINDOW) == ([], False)


def test_all_parts_of_a_text_that_leaves_and_comes_back_are_kept_without_their_text() -> None:
    # A bow over the right border: both ends are inside, and 96 % of it.
    bow = np.array([[2, 5], [102, 5], [102, 50], [2, 50], [2, 40], [101, 40], [101, 15], [2, 15]])
    parts, legible = cut(bow, WINDOW)
    assert sorted(p.tolist() for p in map(sorted_corners, parts)) == [
        sorted_corners(box(2, 5, 100, 15)).tolist(),
        sorted_corners(box(2, 40, 100, 50)).tolist(),
    ]
    assert not legible


def test_a_text_whose_lower_side_is_lost_is_cut_all_the_same() -> None:
    turned = np.array([[95, 10], [95, 50], [120, 50], [120, 10]], np.float32)
    half = np.concatenate([turned[:1], turned[:1] + [0, 20], turned[1:]])
    for polygon in (turned, half):
        (part,), legible = cut(polygon[::-1], WINDOW)
        assert area(part) == pytest.approx(200)
        assert not legible


def test_a_self_crossing_outline_has_no_legible_text() -> None:
    bow_tie = np.array([[-1, 10], [40, 30], [40, 10], [0, 30]], np.float32)
    (part,), legible = cut(bow_tie, WINDOW)
    assert not legible
    np.testing.assert_allclose(area(part), area(clip_to_box(bow_tie, WINDOW)[0]))


@pytest.mark.parametrize("points", [2, 3, 5, 7])
def test_cut_polygons_cover_the_exact_part_and_keep_their_sides(points: int) -> None:
    rng = np.random.default_rng(points)
    window, ordered, several = shapely.box(*WINDOW), 0, 0
    for _ in range(200):
        centre = rng.uniform((-20, -20), (120, 80))
        polygon = arc(points, tuple(centre), rng.uniform(10, 60), rng.uniform(-3, 3))
        parts, legible = cut(polygon, WINDOW)
        whole = shapely.Polygon(polygon).intersection(window)
        covered = shapely.union_all([shapely.Polygon(part) for part in parts])
        assert covered.symmetric_difference(whole).area < 0.01 + 2e-3 * whole.area
        assert len(parts) == (len(shapely.get_parts(whole)) if whole.area else 0)
        assert all(signed_area(part) > 0 and part.dtype == np.float32 for part in parts)
        several += len(parts) > 1
        assert legible == (len(parts) == 1 and whole.area >= LEGIBLE_SHARE * area(polygon))
        if legible:
            (part,) = parts
            assert len(part) % 2 == 0
            for side, original in zip(polygon_sides(part), polygon_sides(polygon), strict=True):
                left = [p for p in original if ((p >= 0) & (p <= WINDOW[2:])).all()]
                places = [np.linalg.norm(side - p, axis=1).argmin() for p in left]
                np.testing.assert_allclose(side[places], left, atol=1e-4)
                assert (np.diff(places) > 0).all()
            ordered += 1
    assert ordered >= 10
    assert several >= 1 or points == 2  # a bend


@pytest.mark.parametrize("polygon", [WORD, WORD[[0, 3, 4, 7]]])
def test_mirroring_keeps_upper_and_lower_side(polygon: np.ndarray) -> None:
    half = len(polygon) // 2
    along_x = mirrored(polygon * [-1, 1], upside_down=False) * [-1, 1]
    np.testing.assert_array_equal(along_x[:half], polygon[:half][::-1])
    np.testing.assert_array_equal(along_x[half:], polygon[half:][::-1])
    along_y = mirrored(polygon * [1, -1], upside_down=True) * [1, -1]
    np.testing.assert_array_equal(along_y[:half], polygon[half:][::-1])
    np.testing.assert_array_equal(along_y[half:], polygon[:half][::-1])


@pytest.mark.parametrize("upside_down", [False, True])
@pytest.mark.parametrize("count", [3, 4, 5, 7, 8])
def test_mirrored_polygons_are_clockwise_and_cover_the_same(count: int, upside_down: bool) -> None:
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False) - 2
    polygon = 10 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    flipped = polygon * ([1, -1] if upside_down else [-1, 1])
    out = mirrored(flipped, upside_down)
    assert signed_area(polygon) > 0
    assert signed_area(out) == pytest.approx(signed_area(polygon))
    assert {tuple(p) for p in flipped} <= {tuple(p) for p in out}


def test_an_odd_vertex_stays_on_its_side() -> None:
    polygon = np.array([[0, 0], [20, 0], [20, 10], [10, 14], [0, 10]], np.float32)
    out = mirrored(polygon * [1, -1], upside_down=True)
    np.testing.assert_allclose(out[:3], [[0, -10], [10, -14], [20, -10]])
    np.testing.assert_allclose(out[3:], [[20, 0], [10, 0], [0, 0]])
