import numpy as np
import shapely

from tcm.evaluation.matching.regions import FEW_POINTS, are_valid, even_odd_regions, ratios
from tcm.geometry.polygons import intersection_areas
from tests.evaluation.helpers import square

BOW_TIE = np.array([[0, 0], [10, 10], [10, 0], [0, 10]], float)


def test_a_bow_tie_has_no_area_but_a_region():
    (region,), areas = even_odd_regions([BOW_TIE])
    assert areas.tolist() == [0]
    assert region.area == 50
    assert intersection_areas([region], even_odd_regions([square(0)])[0]).item() == 50


def test_too_few_points_are_outlines_without_area():
    outlines = [np.array([[3.0, 4]]), np.array([[0.0, 0], [9, 9]]), BOW_TIE[[0, 1, 0]], square(0)]
    regions, areas = even_odd_regions(outlines)
    assert areas.tolist() == [0, 0, 0, 100]
    assert intersection_areas(regions, regions)[:3].sum() == 0
    assert are_valid(outlines).tolist() == [False, False, False, True]


def test_undefined_ratios_are_zero():
    part, whole = np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]])
    assert ratios(part, whole).tolist() == [[0, 0.5]]


def test_outlines_of_many_points_have_the_region_that_make_valid_gives():
    rng = np.random.default_rng(0)
    for points in (FEW_POINTS + 1, FEW_POINTS + 14):
        outline = rng.integers(0, 10**6, (points, 2)).astype(float)
        wanted = shapely.buffer(shapely.make_valid(shapely.Polygon(outline)), 0)
        (region,), _ = even_odd_regions([outline])
        assert region.symmetric_difference(wanted).area < 1e-9 * wanted.area
    (nothing,), _ = even_odd_regions([np.array([[0.0, 0], [9, 9]] * FEW_POINTS)])
    assert nothing.is_empty
