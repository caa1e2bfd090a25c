from math import pi

import numpy as np
import pytest

from tcm.errors import DataError
from tcm.evaluation.files.msra_td500 import (
    Rectangle,
    parse_detection,
    parse_truth,
    rectangle_of,
)


def test_a_gt_line_is_a_rectangle_turned_about_its_centre():
    rectangle, ignored = parse_truth(f"3 1 10 20 40 10 {pi / 2}")
    assert ignored
    np.testing.assert_allclose(
        rectangle.rotated(), [[35, 5], [35, 45], [25, 45], [25, 5]], atol=1e-9
    )
    np.testing.assert_array_equal(rectangle.upright()[[0, 2]], [[10, 20], [50, 30]])


def test_lines_between_commas_carry_an_angle_and_perhaps_a_text():
    assert parse_truth("1,2,30,8,-0.5,###") == (Rectangle(1, 2, 30, 8, -0.5), True)
    assert parse_truth("1,2,30,8,-0.5,a,b") == (Rectangle(1, 2, 30, 8, -0.5), False)
    assert parse_detection("1,2,30,8,0.25") == Rectangle(1, 2, 30, 8, 0.25)
    assert parse_detection("0,0,9,0,9,9,0,9").shape == (4, 2)


@pytest.mark.parametrize("angle", [0.0, 0.3, -0.7, 1.2])
def test_the_rectangle_of_least_area_is_turned_back(angle):
    rectangle = Rectangle(10, 20, 70, 32, angle)
    found = rectangle_of(rectangle.rotated())
    assert found[:4] == rectangle[:4]
    assert found.angle == pytest.approx(angle, abs=1e-3)


@pytest.mark.parametrize(
    "parse, line",
    [
        (parse_truth, "1 0 10 20 40 10"),
        (parse_truth, "1 0 10 20 40 10 x"),
        (parse_truth, "9,2,1,8,0.1,a"),
        (parse_detection, "1,2,30,8,x"),
        (parse_detection, "1,2,30,8"),
    ],
)
def test_other_lines_are_refused(parse, line):
    with pytest.raises(DataError):
        parse(line)
