import numpy as np
import pytest

from tcm.errors import DataError
from tcm.geometry.bezier import (
    bernstein,
    bezier_to_polygon,
    fit_bezier,
    polygon_sides,
    polygon_to_bezier,
    polygons_to_beziers,
    sample_bezier,
    vertex_distances,
)
from tests.conftest import oracle_file
from tests.oracle_polygons import polygons_of

QUAD = np.array([[0, 0], [30, 3], [30, 12], [0, 9]], np.float32)
BENT = np.array([[0, 10], [10, 0], [20, 0], [30, 10], [30, 20], [20, 12], [10, 12], [0, 20]])


def oracle() -> dict[str, np.ndarray]:
    return np.load(oracle_file("abcnet/bezier_fit.npz"))


def test_fits_are_those_of_the_oracle():
    data = oracle()
    polygons = polygons_of(data, "in.polys")
    wanted = data["out.beziers"].reshape(-1, 8, 2)
    np.testing.assert_allclose(polygons_to_beziers(polygons), wanted, atol=1e-6)
    for polygon, bezier in zip(polygons, wanted, strict=True):
        np.testing.assert_allclose(polygon_to_bezier(polygon), bezier, atol=1e-6)


def test_unclamped_sides_are_those_of_the_oracle():
    data = oracle()
    wanted = data["out.sides_bezier_unclamped"].reshape(-1, 4, 2)
    for side, bezier in zip(polygons_of(data, "in.sides"), wanted, strict=True):
        np.testing.assert_allclose(fit_bezier(side, clamp=False), bezier, atol=1e-6)


def test_samples_are_those_of_the_oracle():
    data = oracle()
    names = [name for name in data if name.startswith("out.poly")]
    assert names
    for name in names:
        random = name.endswith("_random")
        source = data["in.beziers_random" if random else "out.beziers"]
        samples = data[name].shape[1] // 4
        found = bezier_to_polygon(source.reshape(-1, 8, 2), samples)
        np.testing.assert_allclose(found.reshape(data[name].shape), data[name], atol=1e-9)


def test_golden_of_a_total_text_word():
    sides = [
        [(140, 629), (189, 845), (358, 989), (550, 1009), (646, 976)],
        [(620, 926), (542, 946), (386, 931), (251, 811), (206, 633)],
    ]
    wanted = [
        [(140, 629), (98.6593, 894.7146), (419.926, 1107.4551), (646, 976)],
        [(620, 926), (426.439, 1021.7715), (182.7878, 850.2401), (206, 633)],
    ]
    for side, curve in zip(sides, wanted, strict=True):
        np.testing.assert_allclose(fit_bezier(np.array(side)), curve, atol=1e-4)


def test_a_curve_is_found_again_from_points_on_it():
    control = np.array([[5, 9], [12, 9], [19, 9], [26, 9]], float)
    np.testing.assert_allclose(fit_bezier(sample_bezier(control, 7)), control, atol=1e-9)


def test_two_points_give_a_straight_curve_and_one_gives_itself():
    np.testing.assert_allclose(
        fit_bezier([[0, 3], [9, 6]]), [[0, 3], [3, 4], [6, 5], [9, 6]], atol=1e-12
    )
    np.testing.assert_array_equal(fit_bezier([[4, 7]]), [[4, 7]] * 4)


def test_bernstein_weights_by_hand():
    wanted = [[1, 0, 0, 0], [0.125, 0.375, 0.375, 0.125], [0, 0, 0, 1]]
    np.testing.assert_allclose(bernstein(np.array([0, 0.5, 1])), wanted)


def test_curves_end_in_the_first_and_last_vertex_unless_unclamped():
    side = np.array([[0, 0], [10, 8], [20, -6], [30, 9], [40, 0]], float)
    clamped, free = fit_bezier(side), fit_bezier(side, clamp=False)
    np.testing.assert_array_equal(clamped[[0, 3]], side[[0, 4]])
    np.testing.assert_array_equal(clamped[1:3], free[1:3])
    assert np.abs(free[0] - side[0]).max() > 0.1


def test_the_free_fit_has_the_least_squares_of_all():
    rng = np.random.default_rng(0)
    side = np.cumsum(rng.uniform(0, 5, (9, 2)), axis=0)
    steps = np.linalg.norm(np.diff(side, axis=0), axis=1)
    t = np.concatenate([[0], np.cumsum(steps)]) / steps.sum()
    best = fit_bezier(side, clamp=False)

    def squares(control: np.ndarray) -> float:
        return float(((bernstein(t) @ control - side) ** 2).sum())

    for _ in range(20):
        assert squares(best) < squares(best + rng.normal(0, 0.05, (4, 2)))


@pytest.mark.parametrize("points", [3, 4, 5, 9])
def test_least_bend_moves_with_the_text(points: int):
    x = np.linspace(0, 1, points) ** 2 * 60
    side = np.stack([x, 0.01 * x**2], axis=1)
    for offset in ([500.0, 300.0], [-40.0, 7.0]):
        moved = fit_bezier(side + offset, least="bend")
        np.testing.assert_allclose(moved, fit_bezier(side, least="bend") + offset, atol=1e-8)
        if points > 3:
            np.testing.assert_allclose(moved, fit_bezier(side + offset), atol=1e-6)


def test_least_points_of_three_depends_on_the_origin():
    side = np.array([[0, 0], [15, 3], [60, 0]], float)
    far = fit_bezier(side + [500, 0]) - [500, 0]
    assert np.abs(far - fit_bezier(side)).max() > 50
    # Both pass the middle point at its parameter, whatever is least.
    t = np.hypot(15, 3) / (np.hypot(15, 3) + np.hypot(45, 3))
    for least in ("points", "bend"):
        curve = fit_bezier(side + [500, 0], clamp=False, least=least)
        np.testing.assert_allclose(bernstein(t) @ curve, [515, 3], atol=1e-9)


def test_sides_are_halves_with_the_odd_vertex_below():
    sizes = {n: tuple(len(s) for s in polygon_sides(np.zeros((n, 2)))) for n in range(3, 10)}
    assert sizes == {3: (2, 1), 4: (2, 2), 5: (2, 3), 6: (3, 3), 7: (3, 4), 8: (4, 4), 9: (4, 5)}


def test_a_triangle_keeps_its_outline():
    triangle = np.array([[0, 0], [30, 0], [15, 12]], float)
    top, bottom = polygon_to_bezier(triangle).reshape(2, 4, 2)
    np.testing.assert_allclose(top, [[0, 0], [10, 0], [20, 0], [30, 0]], atol=1e-12)
    np.testing.assert_array_equal(bottom, [[15, 12]] * 4)


def test_the_outline_of_a_quad_is_the_quad():
    outline = bezier_to_polygon(polygon_to_bezier(QUAD), samples=4)
    assert outline.shape == (8, 2)
    np.testing.assert_allclose(outline[[0, 3, 4, 7]], QUAD, atol=1e-6)
    np.testing.assert_allclose(vertex_distances(QUAD, polygon_to_bezier(QUAD)), 0, atol=1e-6)


@pytest.mark.parametrize("least", ["points", "bend"])
@pytest.mark.parametrize("count", [3, 4, 6, 8, 11])
def test_repeated_vertices_give_finite_curves(count: int, least: str):
    rng = np.random.default_rng(count)
    for _ in range(30):
        polygon = rng.uniform(0, 20, (count, 2))[np.sort(rng.integers(0, count, count))]
        bezier = polygon_to_bezier(polygon, least)
        assert np.isfinite(bezier).all()
        assert np.abs(bezier).max() < 1e3
    np.testing.assert_allclose(
        polygon_to_bezier(np.full((count, 2), 7.0), "bend"), np.full((8, 2), 7.0), atol=1e-6
    )


def test_nearly_repeated_vertices_do_not_blow_up():
    side = np.array([[0, 0], [10, 0], [10 + 1e-7, 1e-7], [10, 1e-12], [20, 0]])
    assert np.abs(fit_bezier(side)).max() < 100


def test_many_at_once_are_each_as_alone():
    rng = np.random.default_rng(1)
    polygons = [rng.uniform(0, 50, (count, 2)) for count in (4, 7, 14, 3, 4, 10)]
    together = polygons_to_beziers(polygons)
    assert together.shape == (6, 8, 2)
    for bezier, polygon in zip(together, polygons, strict=True):
        np.testing.assert_allclose(bezier, polygon_to_bezier(polygon), atol=1e-9)
    assert polygons_to_beziers([]).shape == (0, 8, 2)


def test_samples_have_any_leading_shape():
    beziers = np.random.default_rng(2).uniform(0, 9, (3, 2, 8, 2))
    outlines = bezier_to_polygon(beziers, samples=5)
    assert outlines.shape == (3, 2, 10, 2)
    np.testing.assert_allclose(outlines[2, 1], bezier_to_polygon(beziers[2, 1], samples=5))
    np.testing.assert_allclose(outlines[2, 1, 5:], sample_bezier(beziers[2, 1, 4:], 5))


def test_distances_are_those_of_each_vertex_to_its_own_side():
    moved = QUAD.astype(float)
    moved[1, 1] += 5  # off the right end of the upper side, whose end is (30, 3)
    distances = vertex_distances(moved, polygon_to_bezier(QUAD))
    # The nearest point of the upper side to (30, 8) is its end.
    np.testing.assert_allclose(distances, [0, 5, 0, 0], atol=1e-6)


def test_inputs_are_left_alone():
    polygon = BENT.copy()
    polygon_to_bezier(polygon)
    np.testing.assert_array_equal(polygon, BENT)


@pytest.mark.parametrize("polygon", [np.zeros((2, 2)), np.zeros((0, 2))])
def test_too_few_vertices_are_named(polygon: np.ndarray):
    with pytest.raises(DataError, match=f"{len(polygon)} points; 3 are wanted"):
        polygon_to_bezier(polygon)


def test_points_that_are_not_finite_are_named():
    with pytest.raises(DataError, match="not finite"):
        fit_bezier([[0, 0], [np.nan, 1], [3, 3]])
    with pytest.raises(DataError, match="0 points"):
        fit_bezier(np.zeros((0, 2)))
