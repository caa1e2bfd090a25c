"""What every parser returns: a text of an image, as its file has it."""

from __future__ import annotations

from collections.abc import Iterable
from math import cos, sin
from typing import NamedTuple

import numpy as np


class Rectangle(NamedTuple):
    """A rectangle in pixels before it is turned by `angle` radians about its centre."""

    left: float
    top: float
    right: float
    bottom: float
    angle: float

    def upright(self) -> np.ndarray:
        """Return the float64 corners (4, 2) before the turn."""
        left, top, right, bottom = self[:4]
        return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)

    def rotated(self) -> np.ndarray:
        """Return the float64 corners (4, 2) after the turn, clockwise on the screen if positive."""
        turn = np.array([[cos(self.angle), sin(self.angle)], [-sin(self.angle), cos(self.angle)]])
        corners = self.upright()
        centre = corners.mean(axis=0)
        return (corners - centre) @ turn + centre


class Instance(NamedTuple):
    """One text of an image.

    Attributes:
        polygon: (P, 2) in pixels, x then y, as written.
        text: The transcription, None where there is none.
        ignored: Whether it is don't-care.
        confidence: In [0, 1], of a detection that has one.
        label: Index of its class, 0 for text.
        rectangle: Where the file gives an angle, what `polygon` was turned from.
        assumed: What was assumed to read it, a few words each; empty if it is of the official form.
    """

    polygon: np.ndarray
    text: str | None = None
    ignored: bool = False
    confidence: float | None = None
    label: int = 0
    rectangle: Rectangle | None = None
    assumed: tuple[str, ...] = ()


def assumption_lines(found: Iterable[tuple[str, str]]) -> list[str]:
    """Return a line for each thing that was assumed.

    Args:
        found: Pairs of a place, such as a file, and what was assumed there, once a text.
    """
    places: dict[str, list[str]] = {}
    for place, what in found:
        places.setdefault(what, []).append(place)
    return [f"{what}: {_times(where)}" for what, where in places.items()]


def _times(places: list[str]) -> str:
    if len(places) == 1:
        return f"once, in {places[0]}"
    return f"{len(places)} times, first in {places[0]}"
