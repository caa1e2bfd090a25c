"""Which cases are shown, and what of their image."""

import numpy as np
import pytest

from tcm.evaluation.protocols import build_protocol
from tcm.evaluation.report import cases
from tcm.evaluation.report.outcomes import outcomes_of
from tests.evaluation.helpers import square, squares


def test_each_kind_is_chosen_and_knows_its_outline():
    found, truth = squares(0, 30, 60), squares(0, 30, 90)
    found.texts, truth.texts = ["one", "tw0", "x"], ["one", "two", "three"]
    outcomes = outcomes_of(build_protocol("icdar2015-e2e").evaluate([found], [truth], ["img_7"]))
    chosen = [kind(outcomes) for kind in (cases.missed, cases.misread, cases.false_alarms)]
    assert [[(c.truth, c.detection) for c in of] for of in chosen] == [
        [(2, None)],
        [(1, 1)],
        [(None, 2)],
    ]
    assert [of[0].polygon[0, 0] for of in chosen] == [90, 30, 60]
    assert chosen[0][0].image.name == "img_7"


def test_few_of_many_are_spread_over_all():
    assert cases.spread(range(100), 4) == [12, 37, 62, 87]
    assert cases.spread("abc", 24) == ["a", "b", "c"]
    assert cases.spread("abc", 0) == cases.spread("", 3) == []


@pytest.mark.parametrize(
    "polygon, expected",
    [
        (square(295, 195), (225, 150, 375, 250)),  # about the middle
        (square(0, 0), (0, 0, 150, 100)),  # moved into the image
        (square(590, 390), (450, 300, 600, 400)),
        (square(100, 100, side=500), (0, 0, 600, 400)),  # cut to the image
        (square(9000, 0), (450, 0, 600, 100)),  # outside of it
    ],
)
def test_a_window_lies_within_the_image(polygon, expected):
    assert cases.window(polygon, 400, 600) == expected


def test_a_small_image_is_shown_whole():
    assert cases.window(square(0), 1, 1) == (0, 0, 1, 1)


def test_outlines_are_given_from_the_corner_of_the_part():
    polygons = [square(0), square(95), square(200), np.array([[90.0, -9], [300, 200], [90, 200]])]
    found = dict(cases.inside(polygons, (100, 0, 200, 50)))
    assert list(found) == [1, 3]
    assert found[1][0].tolist() == [-5, 0]
