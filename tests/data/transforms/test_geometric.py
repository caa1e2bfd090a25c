import numpy as np
import pytest
import shapely

from tcm.data.transforms.geometric import (
    FitInto,
    RandomFlip,
    RandomRotate,
    RandomScale,
    ResizeKeepRatio,
    ResizeShortSide,
)
from tcm.data.transforms.warp import Warp
from tcm.errors import ConfigError
from tcm.geometry.polygons import clockwise, signed_area, transform_points
from tcm.structures import Sample, TextInstances
from tests.conftest import oracle_file
from tests.data.builders import box, sample, unflatten

RNG = np.random.default_rng(0)
CHAIN = [
    RandomFlip(1.0, "horizontal"),
    RandomFlip(1.0, "vertical"),
    RandomRotate(30),
    RandomScale((0.5, 2.0)),
    ResizeKeepRatio([80, 60]),
    ResizeShortSide(40, divisor=8),
    FitInto([32, 40]),
]


def planned(height: int, width: int) -> Sample:
    """Return a sample of a size without the pixels of that size."""
    return Sample(np.zeros((1, 1, 3), np.uint8), "", TextInstances(), size=(height, width))


def test_resize_keep_ratio_sizes_match_the_oracle() -> None:
    oracle = np.load(oracle_file("heads/transforms.npz"))
    table = oracle["resize.w_h_scale_neww_newh"]
    for (w, h, long, short, new_w, new_h), factors in zip(
        table, oracle["resize.scale_factor"], strict=True
    ):
        out = ResizeKeepRatio([long, short])(planned(h, w), RNG)
        assert out.size == (new_h, new_w)
        np.testing.assert_allclose(np.diag(out.matrix)[:2], factors, rtol=1e-12)


def test_resize_short_side_matches_the_oracle() -> None:
    oracle = np.load(oracle_file("heads/transforms.npz"))
    table = oracle["short.w_h_short_div_neww_newh"]
    for (w, h, short, divisor, new_w, new_h), factors in zip(
        table, oracle["short.scale_factor"], strict=True
    ):
        out = ResizeShortSide(int(short), int(divisor))(planned(h, w), RNG)
        assert out.size == (new_h, new_w)
        np.testing.assert_allclose(np.diag(out.matrix)[:2], factors, rtol=1e-12)


def test_resized_polygons_match_the_oracle() -> None:
    oracle = np.load(oracle_file("heads/transforms.npz"))
    width, height = (int(side) for side in oracle["respoly.size_wh"])
    polygons = unflatten(oracle["respoly.in.flat"], oracle["respoly.in.len"])
    clipped = unflatten(oracle["respoly.out_clip1.flat"], oracle["respoly.out_clip1.len"])
    unclipped = unflatten(oracle["respoly.out_clip0.flat"], oracle["respoly.out_clip0.len"])
    start = planned(height, width)
    start.instances = TextInstances(polygons)
    out = ResizeKeepRatio([int(side) for side in oracle["respoly.scale"]])(start, RNG)
    assert out.size == tuple(oracle["respoly.new_wh"][::-1])
    for polygon, expected in zip(polygons, unclipped, strict=True):
        np.testing.assert_allclose(transform_points(polygon, out.matrix), expected, atol=1e-4)
    # MMOCR keeps a vanished polygon as zeros; here it is dropped.
    kept = [shapely.Polygon(polygon) for polygon in clipped if polygon.any()]
    assert len(out.instances) == len(kept) < len(polygons)
    for polygon, expected in zip(out.instances.polygons, kept, strict=True):
        assert shapely.Polygon(polygon).symmetric_difference(expected).area < 1e-2


@pytest.mark.parametrize("direction", ["horizontal", "vertical", "diagonal"])
def test_flip_matches_the_oracle(direction: str) -> None:
    oracle = np.load(oracle_file("heads/transforms.npz"))
    polygons = unflatten(oracle["flip.in.flat"], oracle["flip.in.len"])
    expected = unflatten(oracle[f"flip.{direction}.flat"], oracle[f"flip.{direction}.len"])
    turned = [signed_area(polygon) < 0 for polygon in polygons]  # a contract of ours
    start = Sample(oracle["flip.img"], "", TextInstances([clockwise(p) for p in polygons]))
    out = Warp()(RandomFlip(1.0, direction)(start, RNG), RNG)
    np.testing.assert_array_equal(out.image, oracle[f"flip.{direction}.img"])
    for polygon, mirrored, turn in zip(out.instances.polygons, expected, turned, strict=True):
        # MMOCR leaves the order as it is; a mirrored polygon is turned clockwise here.
        mirrored = np.roll(mirrored[::-1], 1, axis=0) if turn else mirrored
        half = len(mirrored) // 2
        order = {
            "horizontal": np.concatenate([mirrored[half - 1 :: -1], mirrored[: half - 1 : -1]]),
            "vertical": mirrored[::-1],
            "diagonal": mirrored,
        }[direction]
        assert signed_area(polygon) >= 0
        # An odd one has a vertex more after a vertical flip, so that its sides stay the halves.
        places = [np.linalg.norm(polygon - point, axis=1).argmin() for point in order]
        assert len(places) in (len(polygon), len(polygon) - 1)
        assert (np.diff(places) > 0).all()
        np.testing.assert_allclose(polygon[places], order, atol=1e-5)


def test_flip_happens_with_its_probability() -> None:
    rng = np.random.default_rng(0)
    flip = RandomFlip(0.25)
    mirrored = sum(flip(sample(), rng).matrix[0, 0] < 0 for _ in range(400))
    assert 70 <= mirrored <= 130


def test_unknown_direction_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'horizontal'"):
        RandomFlip(direction="horizontl")


def test_rotation_turns_about_the_centre_and_keeps_lengths() -> None:
    start = sample(64, 64, [box(28, 28, 36, 36)])
    out = RandomRotate(45)(start, np.random.default_rng(3))
    assert out.size == (64, 64)
    np.testing.assert_allclose(transform_points(np.array([32.0, 32]), out.matrix), [32, 32])
    np.testing.assert_allclose(out.matrix[:2, :2] @ out.matrix[:2, :2].T, np.eye(2), atol=1e-12)
    assert abs(out.matrix[0, 1]) > 0.01


def test_rotation_angles_stay_in_their_range() -> None:
    rng = np.random.default_rng(0)
    matrices = [RandomRotate(10)(sample(), rng).matrix for _ in range(200)]
    angles = np.degrees([np.arctan2(m[1, 0], m[0, 0]) for m in matrices])
    assert abs(angles).max() <= 10
    assert angles.min() < -8
    assert angles.max() > 8


def test_rotation_clips_what_leaves_the_canvas() -> None:
    start = sample(32, 64, [box(0, 0, 64, 32), box(60, 0, 64, 2)])
    out = RandomRotate(40)(start, np.random.default_rng(0))
    points = np.concatenate(out.instances.polygons)
    assert points.min() >= 0
    assert (points.max(axis=0) <= [64, 32]).all()


@pytest.mark.parametrize("independent", [True, False])
def test_scale_draws_one_factor_an_axis_or_one_for_both(independent: bool) -> None:
    rng = np.random.default_rng(0)
    scale = RandomScale((0.5, 3.0), independent)
    outs = [scale(sample(1000, 1000, []), rng) for _ in range(50)]
    ratios = np.array([out.size for out in outs]) / 1000
    assert ratios.min() >= 0.5
    assert ratios.max() <= 3.0
    assert (ratios[:, 0] != ratios[:, 1]).any() == independent


def test_fit_into_pads_right_and_below_with_zeros() -> None:
    start = sample(40, 20)
    start.image[:] = 200
    fitted = FitInto([32, 32])(start, RNG)
    assert fitted.size == (32, 32)
    assert fitted.valid == (32, 16)
    image = Warp()(fitted, RNG).image
    assert (image[:, :16] == 200).all()
    assert (image[:, 16:] == 0).all()


def test_a_geometric_transform_after_fit_into_is_an_error() -> None:
    with pytest.raises(ConfigError, match="must be the last geometric one"):
        RandomFlip(1.0)(FitInto([32, 32])(sample(), RNG), RNG)


@pytest.mark.parametrize("transform", CHAIN, ids=lambda t: type(t).__name__)
def test_input_is_left_alone_and_ignored_flags_follow(transform: object) -> None:
    start = sample()
    image, polygons = start.image.copy(), [p.copy() for p in start.instances.polygons]
    out = transform(start, np.random.default_rng(1))
    assert out is not start
    np.testing.assert_array_equal(start.image, image)
    np.testing.assert_array_equal(start.instances.polygons, polygons)
    np.testing.assert_array_equal(start.matrix, np.eye(3))
    assert start.size == (48, 64)
    mirrors = isinstance(transform, RandomFlip)
    assert out.instances.texts == ([None, None] if mirrors else ["w0", "w1"])
    assert out.instances.ignored.tolist() == [False, True]


@pytest.mark.parametrize("transform", CHAIN, ids=lambda t: type(t).__name__)
def test_an_image_without_text_passes(transform: object) -> None:
    assert len(transform(sample(polygons=[]), np.random.default_rng(0)).instances) == 0


def test_matrix_and_polygons_stay_in_step_through_a_chain() -> None:
    start = sample(polygons=[box(24, 18, 40, 30)])
    out, rng = start, np.random.default_rng(5)
    for transform in CHAIN:
        out = transform(out, rng)
    expected = transform_points(start.instances.polygons[0], out.matrix)
    # Mirrored along both axes one after the other, which begins it at the top left each time.
    np.testing.assert_allclose(out.instances.polygons[0], np.roll(expected, 2, axis=0), atol=1e-3)


class FixedAngle:
    """A generator whose uniform draws are all one number."""

    def __init__(self, angle: float) -> None:
        self.angle = angle

    def uniform(self, low: float, high: float) -> float:
        return self.angle


def test_rotation_by_a_quarter_on_the_grown_canvas_is_exact() -> None:
    start = sample(48, 64)
    out = Warp()(RandomRotate(90, use_canvas=True)(start, FixedAngle(90)), RNG)
    assert out.size == (64, 48)
    np.testing.assert_array_equal(out.image, np.rot90(start.image, -1))
    # x' = height - y, y' = x
    expected = [[40, 8], [40, 24], [32, 24], [32, 8]]
    np.testing.assert_allclose(out.instances.polygons[0], expected, atol=1e-4)


def test_without_rotation_the_canvas_keeps_its_size() -> None:
    out = RandomRotate(90, use_canvas=True)(sample(48, 64), FixedAngle(0))
    assert out.size == (48, 64)
    np.testing.assert_array_equal(out.matrix, np.eye(3))


@pytest.mark.parametrize("angle", [-170, -90, -45, -1, 3, 30, 89, 180])
def test_grown_canvas_just_holds_the_whole_image(angle: float) -> None:
    start = sample(48, 64, [box(0, 0, 64, 48)])
    out = RandomRotate(180, use_canvas=True)(start, FixedAngle(angle))
    corners = transform_points(box(0, 0, 64, 48), out.matrix)
    margin = np.array([corners.min(axis=0), out.size[::-1] - corners.max(axis=0)])
    assert margin.min() >= -0.01
    assert margin.max() < 0.51
    np.testing.assert_allclose(out.instances.polygons[0], corners, atol=1e-4)


def test_annotations_beyond_the_image_do_not_come_onto_the_grown_canvas() -> None:
    start = sample(48, 64, [box(-8, -8, -2, -2), box(-6, 20, 10, 30)])
    out = RandomRotate(45, use_canvas=True)(start, FixedAngle(45))
    assert out.instances.texts == [None]  # a good third of w1 is missing
    assert shapely.Polygon(out.instances.polygons[0]).area == pytest.approx(100, rel=1e-4)


def test_scale_onto_a_base_draws_the_long_side_around_it() -> None:
    rng = np.random.default_rng(0)
    scale = RandomScale((0.75, 2.5), independent=False, base=[800, 800])
    sizes = np.array([scale(planned(300, 600), rng).size for _ in range(200)])
    assert 600 <= sizes[:, 1].min() < 650
    assert 1950 < sizes[:, 1].max() <= 2000
    assert np.abs(sizes[:, 1] - 2 * sizes[:, 0]).max() <= 1


@pytest.mark.parametrize(
    ("size", "expected"), [((300, 600), (500, 1000)), ((600, 500), (600, 500))]
)
def test_base_is_a_pair_of_bounds(size: tuple[int, int], expected: tuple[int, int]) -> None:
    scale = RandomScale((1.0, 1.0), base=[500, 1000])
    assert scale(planned(*size), RNG).size == expected


def _drawn(transform: ResizeShortSide) -> tuple[np.ndarray, np.ndarray]:
    """Return scales and aspect ratios (height over width), (300,) each, of a large square."""
    rng = np.random.default_rng(0)
    heights, widths = np.array([transform(planned(5000, 5000), rng).size for _ in range(300)]).T
    return np.sqrt(heights * widths) / 1000, heights / widths


def test_short_side_is_jittered_in_scale_and_in_aspect() -> None:
    scales, aspects = _drawn(ResizeShortSide(1000, 1, (0.7, 1.3), (0.8, 1.2)))
    for drawn, low, high in ((scales, 0.7, 1.3), (aspects, 0.8, 1.2)):
        assert low - 0.002 < drawn.min() < low + 0.03
        assert high - 0.03 < drawn.max() < high + 0.002
        assert drawn.mean() == pytest.approx(1, abs=0.03)
    assert abs(np.corrcoef(scales, aspects)[0, 1]) < 0.2


def test_scale_and_aspect_of_the_short_side_are_jittered_one_without_the_other() -> None:
    scales, aspects = _drawn(ResizeShortSide(1000, 1, ratio_range=(0.7, 1.3)))
    assert np.ptp(scales) > 0.5 and np.ptp(aspects) == 0
    scales, aspects = _drawn(ResizeShortSide(1000, 1, aspect_ratio_range=(0.8, 1.2)))
    assert np.ptp(scales) < 0.002 and np.ptp(aspects) > 0.3
