import numpy as np
import pytest

from tcm.annotations.dota import ClassDetections
from tcm.data.prepare.merge import merge
from tcm.errors import DataError

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], np.float64)


def found(*rows):
    """Detections from (patch, score, x of a square)."""
    names, scores, places = zip(*rows, strict=True)
    return ClassDetections.of(names, scores, [SQUARE + [x, 0] for x in places])


def test_detections_move_by_the_origin_of_their_patch():
    merged = merge(found(("a__b__1024__824___100", 0.5, 3)), "mmrotate")
    assert merged.images == ["a__b"]
    assert merged.polygons[0, 0].tolist() == [827, 100]


def test_the_devkits_are_divided_by_the_rate():
    merged = merge(found(("P1__0.5__824___100", 0.5, 3)), "devkit")
    assert merged.polygons[0, 0].tolist() == [1654, 200]


def test_the_best_of_an_object_in_several_patches_stays():
    rows = [
        ("P1__1024__0___0", 0.6, 830),
        ("P1__1024__824___0", 0.9, 7),
        ("P2__682__0___0", 0.5, 7),
    ]
    merged = merge(found(*rows), "mmrotate")
    assert list(merged.images) == ["P1", "P2"]
    assert merged.scores.tolist() == [0.9, 0.5]


@pytest.mark.parametrize("rule, second, kept", [("mmrotate", "1024", 1), ("devkit", "1", 2)])
def test_the_rules_differ_in_the_overlap_that_they_leave(rule, second, kept):
    rows = [(f"P1__{second}__0___0", 0.9, 0), (f"P1__{second}__0___0", 0.8, 6.5)]  # IoU 0.21
    assert len(merge(found(*rows), rule).images) == kept
    assert len(merge(found(*rows), rule, iou=0.22).images) == 2


def test_mmrotates_overlaps_are_those_of_rectangles():
    wedge = np.array([[0, 0], [10, 0], [10, 10], [0, 0.01]])  # nearly half of the square around it
    other = np.array([[0, 0.02], [9.9, 10], [0.01, 10], [0, 5]])
    for rule, second, kept in (("mmrotate", "1024", 1), ("devkit", "1", 2)):
        names = [f"P1__{second}__0___0"] * 2
        both = ClassDetections.of(names, [0.9, 0.8], [wedge, other])
        assert len(merge(both, rule).images) == kept


@pytest.mark.parametrize(
    "rule, name, hint",
    [
        ("mmrotate", "P1", "is no patch; IMAGE__SIZE__X___Y"),
        ("mmrotate", "P1__1__0___0", "1 is no size of a patch; try --rule devkit"),
        ("mmrotate", "P1__0.5__0___0", "0.5 is no size of a patch; try --rule devkit"),
        ("devkit", "P1__1024__0___0", "1024 is no rate of a scale; try --rule mmrotate"),
        ("devkit", "P1__0__0___0", "0 is no rate"),
    ],
)
def test_names_of_the_other_rule_are_refused(rule, name, hint):
    with pytest.raises(DataError, match=hint):
        merge(found((name, 0.5, 0)), rule)


def test_nothing_is_merged_to_nothing():
    for rule in ("mmrotate", "devkit"):
        assert len(merge(ClassDetections.of([], [], []), rule).images) == 0
