"""Geometry holds for whatever outlines the readers let through: any points within 1e6 pixels."""

import cv2
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tcm.annotations.files import LARGEST
from tcm.evaluation.matching.regions import even_odd_regions
from tcm.geometry import bezier, drawing, fourier, offsets, polygons

_FEW = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

# Few values make repeated points, crossings and flat outlines likely; any value makes large ones.
_VALUES = st.one_of(
    st.integers(-3, 12).map(float),
    st.floats(-LARGEST, LARGEST, width=32),
    st.sampled_from([-LARGEST, LARGEST, 0.0, 0.5, 1e-30]),
)
_OUTLINES = st.integers(3, 14).flatmap(lambda n: arrays(np.float32, (n, 2), elements=_VALUES))
_SETS = st.lists(_OUTLINES, min_size=1, max_size=4)


@_FEW
@given(_OUTLINES)
def test_turning_an_outline_keeps_area_and_length(outline):
    turned = polygons.clockwise(outline)
    assert polygons.signed_area(turned) >= 0
    scale = max(1.0, float(np.abs(outline).max()))
    assert polygons.area(outline) == pytest.approx(polygons.area(turned), abs=1e-9 * scale**2)
    assert polygons.perimeter(outline) == pytest.approx(polygons.perimeter(turned), rel=1e-9)
    np.testing.assert_array_equal(turned[0], outline[0])
    assert {*map(tuple, turned.tolist())} == {*map(tuple, outline.tolist())}


@_FEW
@given(_SETS)
def test_intersections_are_parts_and_symmetric(outlines):
    shapes = [polygons.repair(outline) for outline in outlines]
    assert all(shape.is_valid and shape.area >= 0 for shape in shapes)
    common = polygons.intersection_areas(shapes, shapes)
    areas = np.array([shape.area for shape in shapes])
    assert ((common >= 0) & (common <= np.minimum.outer(areas, areas) * (1 + 1e-6) + 1e-6)).all()
    np.testing.assert_allclose(common, common.T, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(np.diag(common), areas, rtol=1e-6, atol=1e-6)


@_FEW
@given(_SETS)
def test_regions_of_any_outlines_are_valid_and_lie_within_their_hulls(outlines):
    wide = [outline.astype(np.float64) for outline in outlines]
    regions, areas = even_odd_regions(wide)
    assert np.isfinite(areas).all() and (areas >= 0).all()
    for region, outline in zip(regions, wide, strict=True):
        hull = shapely.MultiPoint(outline).convex_hull.area
        assert region.is_valid and region.area <= hull * (1 + 1e-6) + 1e-6
    assert np.isfinite(polygons.intersection_areas(regions, regions)).all()


@_FEW
@given(_SETS, st.floats(-1e4, 1e4))
def test_offsets_are_outlines_or_nothing(outlines, distance):
    for moved in offsets.offset_polygons(outlines, [distance] * len(outlines)):
        if moved is not None:
            assert np.isfinite(moved).all() and len(moved) >= 3
            assert polygons.signed_area(moved) >= -1e-3 * polygons.perimeter(moved)


@_FEW
@given(_OUTLINES, st.floats(0.01, 1e4))
def test_growing_covers_and_shrinking_lies_within(outline, distance):
    shape = polygons.repair(outline)
    grown, shrunk = (offsets.offset_polygon(outline, d) for d in (distance, -distance))
    tolerance = 1e-6 * float(np.abs(outline).max()) + 1e-3
    if grown is not None and polygons.is_simple(outline):
        around = polygons.repair(grown).buffer(tolerance)
        assert around.area >= shape.area * (1 - 1e-6)
    if shrunk is not None and polygons.is_simple(outline):
        assert polygons.area(shrunk) <= shape.area * (1 + 1e-6) + tolerance


@_FEW
@given(_OUTLINES)
def test_rectangles_of_least_area_hold_their_points(outline):
    corners, side = polygons.min_area_rect(outline)
    scale = max(1.0, float(np.abs(outline).max()))
    assert np.isfinite(corners).all() and side >= 0
    around = shapely.MultiPoint(corners.astype(np.float64)).convex_hull.buffer(1e-5 * scale)
    assert around.covers(shapely.MultiPoint(outline.astype(np.float64)))
    grown, grown_sides = polygons.grown_min_area_rects([outline], [2.0])
    assert np.isfinite(grown).all() and grown_sides[0] >= 0


@_FEW
@given(_OUTLINES)
def test_clipped_parts_lie_in_the_box(outline):
    for part in polygons.clip_to_box(outline, (0, 0, 64, 48)):
        assert len(part) >= 3 and polygons.signed_area(part) > 0
        assert (part >= -1e-3).all() and (part <= [64.001, 48.001]).all()


@_FEW
@given(_OUTLINES, st.sampled_from(["points", "bend"]))
def test_curves_begin_and_end_at_the_sides(outline, least):
    curve = bezier.polygon_to_bezier(outline, least)
    assert curve.shape == (8, 2) and np.isfinite(curve).all()
    upper, lower = bezier.polygon_sides(outline)
    ends = [upper[0], upper[-1], lower[0], lower[-1]]
    np.testing.assert_allclose(curve[[0, 3, 4, 7]], ends, atol=1e-6)
    sampled = bezier.bezier_to_polygon(curve, 20)
    assert sampled.shape == (40, 2) and np.isfinite(sampled).all()
    assert np.isfinite(bezier.vertex_distances(outline, curve)).all()


@_FEW
@given(_OUTLINES)
def test_fourier_contours_are_finite_and_keep_the_centre(outline):
    if polygons.perimeter(outline) == 0:
        return
    signature = fourier.fourier_signature(outline)
    contour = fourier.fourier_outlines(fourier.real_signature(signature)[None], 50)[0]
    assert np.isfinite(contour).all()
    centre = fourier.resample_outline(outline).mean(axis=0)
    scale = max(1.0, float(np.abs(outline).max()))
    np.testing.assert_allclose(contour.mean(axis=0), centre, atol=1e-6 * scale)


@_FEW
@given(_SETS)
def test_drawing_changes_only_the_map(outlines):
    canvas = np.zeros((24, 32), np.uint8)
    before = [outline.copy() for outline in outlines]
    drawing.fill_polygons(canvas, outlines, 7)
    assert set(np.unique(canvas)) <= {0, 7}
    for outline, copy in zip(outlines, before, strict=True):
        np.testing.assert_array_equal(outline, copy)
    assert cv2.countNonZero(canvas) <= canvas.size
