"""What a config's value must be, by the annotation of the argument."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest

from tcm.errors import ConfigError
from tcm.values import Bounds, Positive, checked, describe, hints_of, mistake

FITTING = [
    (3, int),
    (3, float),
    (0.5, float),
    (np.float32(1), float),
    (np.int64(1), int),
    (True, bool),
    ("a", str),
    (None, int | None),
    ("quad", Literal["quad", "poly"]),
    ([1, 2], Sequence[int]),
    ((1, 2.5), tuple[float, float]),
    ([1, 2], tuple[int, ...]),
    ([], Sequence[int]),
    (np.zeros(3), Sequence[float]),
    ([[1, 2], [3, 4]], Sequence[tuple[int, int]]),
    ({"a": 1}, Mapping[str, int]),
    ({"a": 1}, dict[str, Any]),
    (1, Annotated[int, Bounds(ge=1)]),
    (Path("a"), str | Path),
    (object(), Any),
    (object(), Exception),
]


@pytest.mark.parametrize(("value", "annotation"), FITTING)
def test_it_fits(value, annotation):
    assert mistake(value, annotation) is None


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        ("four", int, "a whole number is wanted, got 'four'"),
        (1.0, int, "a whole number is wanted, got 1.0"),
        (True, int, "a whole number is wanted, got True"),
        ("1e-4", float, "a number is wanted, got '1e-4'"),
        (True, float, "a number is wanted, got True"),
        (1, bool, "true or false is wanted, got 1"),
        (5, str, "a text is wanted, got 5"),
        (None, int, "a whole number is wanted, got None"),
        (
            "polly",
            Literal["quad", "poly"],
            "'quad' or 'poly' is wanted, got 'polly'; did you mean 'poly'?",
        ),
        (1, Literal[True, "auto"], "true or 'auto' is wanted, got 1"),
        ("x", int | None, "a whole number or null is wanted, got 'x'"),
        ("12", Sequence[int], "a list (of a whole number) is wanted, got '12'"),
        ([1, "2"], Sequence[int], "entry 1: a whole number is wanted, got '2'"),
        ([1], tuple[int, int], "a list of 2 (a whole number each) is wanted, got [1]"),
        ({"a": 1}, Sequence[str], "a list (of a text) is wanted, got {'a': 1}"),
        ([1], Mapping[str, int], "a mapping is wanted, got [1]"),
        (0, Positive, "a whole number at least 1 is wanted, got 0"),
        (1.5, Annotated[float, Bounds(gt=0, le=1)], "a number above 0 and at most 1 is wanted"),
        (0, Annotated[int, Bounds(ge=1)] | None, "a whole number at least 1 or null is wanted"),
    ],
)
def test_what_is_wanted_is_said(value, annotation, expected):
    assert (mistake(value, annotation) or "").startswith(expected)


def test_a_class_that_is_checked_reports_all_of_its_arguments():
    @checked
    class Crop:
        def __init__(self, size: tuple[int, int], mode: Literal["a", "b"] = "a", **rest: Any):
            self.size = size

    assert Crop([1, 2]).size == [1, 2]
    with pytest.raises(ConfigError, match=r"Crop.size: .*\nCrop.mode: "):
        Crop(3, mode="c")
    with pytest.raises(TypeError, match="size"):
        Crop()


def test_a_subclass_is_checked_by_its_own_signature():
    @checked
    class Base:
        def __init__(self, width: int): ...

    @checked
    class Sub(Base):
        def __init__(self, width: str):
            super().__init__(len(width))

    Sub("abc")
    with pytest.raises(ConfigError, match="Sub.width: a text"):
        Sub(3)


def test_an_annotation_that_cannot_be_resolved_is_left_out():
    def entry(image: "Nowhere", width: int): ...  # noqa: F821

    assert hints_of(entry) == {"width": int}


def test_every_kind_has_words():
    for _, annotation in FITTING:
        assert describe(annotation)
