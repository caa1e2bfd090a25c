from math import pi

import numpy as np
import pytest

from tcm.annotations.instance import Rectangle
from tcm.annotations.msra_td500 import parse_detection, read_truths, rectangle_of
from tcm.errors import DataError
from tests.annotations.helpers import text


def read(line, **options):
    (instance,) = read_truths(text(line), **options)
    return instance


def test_a_gt_line_is_a_rectangle_turned_about_its_centre():
    found = read(f"3 1 10 20 40 10 {pi / 2}")
    assert found.ignored
    np.testing.assert_allclose(found.polygon, [[35, 5], [35, 45], [25, 45], [25, 5]], atol=1e-9)
    np.testing.assert_array_equal(found.rectangle.upright()[[0, 2]], [[10, 20], [50, 30]])


def test_lines_between_commas_carry_an_angle_and_perhaps_a_text():
    rectangle = Rectangle(1, 2, 30, 8, -0.5)
    ignored, cared = read("1,2,30,8,-0.5,###"), read("1,2,30,8,-0.5,a,b")
    assert (ignored.rectangle, ignored.ignored) == (rectangle, True)
    assert (cared.rectangle, cared.text, cared.ignored) == (rectangle, "a,b", False)
    assert parse_detection("1,2,30,8,0.25").rectangle == Rectangle(1, 2, 30, 8, 0.25)
    assert parse_detection("0,0,9,0,9,9,0,9").polygon.shape == (4, 2)


@pytest.mark.parametrize("angle", [0.0, 0.3, -0.7, 1.2])
def test_the_rectangle_of_least_area_is_turned_back(angle):
    rectangle = Rectangle(10, 20, 70, 32, angle)
    found = rectangle_of(rectangle.rotated())
    assert found[:4] == rectangle[:4]
    assert found.angle == pytest.approx(angle, abs=1e-3)


def test_fields_behind_the_angle_are_left_aside_and_said_unless_strict():
    line = "3 0 10 20 40 10 0 more 7"
    with pytest.raises(DataError, match="a.txt:1: 'index difficult x y w h theta'"):
        read(line)
    assert read(line, strict=False).assumed == ("fields behind the angle are left aside",)
    assert read(line, strict=False, more_fields=True).assumed == ()
    assert read(line, strict=False).rectangle == Rectangle(10, 20, 50, 30, 0)


def test_a_quoted_mark_is_don_t_care_unless_strict():
    assert not read('1,2,30,8,0,"###"').ignored
    assert read('1,2,30,8,0,"###"', strict=False).ignored


@pytest.mark.parametrize(
    "line", ["1 0 10 20 40 10", "1 0 10 20 40 10 x", "9,2,1,8,0.1,a", "1 0 10 20 40 nan 0"]
)
def test_other_truths_are_refused(line):
    for strict in (True, False):
        with pytest.raises(DataError):
            read(line, strict=strict)


@pytest.mark.parametrize("line", ["1,2,30,8,x", "1,2,30,8"])
def test_other_detections_are_refused(line):
    with pytest.raises(DataError):
        parse_detection(line)
