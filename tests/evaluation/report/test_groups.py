"""Height, turn and length of texts, and figures by them, worked by hand."""

import numpy as np
import pytest

from tcm.evaluation.protocols import build_protocol
from tcm.evaluation.report.groups import by_height, by_length, by_turn, height, turn
from tcm.evaluation.report.outcomes import outcomes_of
from tcm.structures import TextInstances


def bar(x, wide, tall, angle=0.0):
    corners = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float64)
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return corners @ np.array([[c, s], [-s, c]]) + [x, 50]


def with_middles(quad):
    return np.stack([quad, (quad + np.roll(quad, -1, axis=0)) / 2], axis=1).reshape(8, 2)


@pytest.mark.parametrize("angle, expected", [(0, 0), (20, 20), (-20, 20), (90, 90), (170, 10)])
def test_a_quadrilateral_says_where_its_text_begins(angle, expected):
    narrow = bar(0, 6, 20, angle)  # such as the letter I
    assert height(narrow) == pytest.approx(20)
    assert turn(narrow) == pytest.approx(expected)


@pytest.mark.parametrize("angle", [0, 20, 60])
def test_another_outline_is_read_along_its_long_side(angle):
    polygon = with_middles(bar(0, 40, 10, angle))
    assert height(polygon) == pytest.approx(10, abs=1e-3)
    assert turn(polygon) == pytest.approx(angle, abs=1e-3)


def outcomes(found, truths, name="icdar2015-e2e"):
    return outcomes_of(build_protocol(name).evaluate([found], [truths]))


def test_recall_is_by_the_truths_and_precision_by_the_detections():
    truths = TextInstances([bar(0, 40, 10), bar(100, 40, 20, 10)], ["ab", "abcdefgh"])
    found = TextInstances([bar(0, 40, 13), bar(200, 40, 60)], ["ab", "abc"])
    one = outcomes(found, truths)
    heights = {g.name: g[1:] for g in by_height(one) if any(g[1:])}
    assert heights == {
        "8 to 12 px": (1, 1, 0, 0),
        "12 to 16 px": (0, 0, 1, 1),
        "16 to 24 px": (1, 0, 0, 0),
        "48 px and more": (0, 0, 1, 0),
    }
    assert [g[1:] for g in by_turn(one)] == [(1, 1, 2, 1), (1, 0, 0, 0), (0,) * 4, (0,) * 4]
    lengths = {g.name: g[1:] for g in by_length(one) if any(g[1:])}
    assert lengths == {"1 to 2": (1, 1, 1, 1), "3 to 4": (0, 0, 1, 0), "7 to 9": (1, 0, 0, 0)}
    (group,) = [g for g in by_length(one) if g.name == "1 to 2"]
    assert (group.recall, group.precision) == (1, 1)


def test_what_does_not_count_and_what_has_no_text_is_in_no_group():
    truths = TextInstances([bar(0, 40, 10), bar(100, 40, 10)], ["a", None], ignored=[True, False])
    one = outcomes(TextInstances([bar(0, 40, 10)]), truths, "icdar2015")
    assert sum(group.truths for group in by_height(one)) == 1
    assert sum(group.detections for group in by_height(one)) == 0
    assert sum(group.truths for group in by_length(one)) == 0
