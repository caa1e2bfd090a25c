"""Writing predictions as servers and official scripts take them: zips of integer lines."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tcm.errors import DataError
from tcm.files import whole
from tcm.geometry.polygons import clockwise, min_area_rect


def write_members(path: str | Path, members: Mapping[str, str]) -> None:
    """Write a zip of text files by name; equal content gives equal bytes."""
    with whole(path, "wb") as file, zipfile.ZipFile(file, "w") as archive:
        for member, content in members.items():
            # A ZipInfo made by hand carries a fixed date.
            archive.writestr(zipfile.ZipInfo(member), content, zipfile.ZIP_DEFLATED)


def rounded_polygon(polygon: np.ndarray, index: int) -> np.ndarray:
    """Return the points (P, 2) as int64, each rounded to the nearest integer, clockwise.

    Args:
        polygon: The outline in pixels.
        index: Its position, for the error.

    Raises:
        DataError: It has fewer than three points or a coordinate that is not finite.
    """
    if len(polygon) < 3 or not np.isfinite(polygon).all():
        raise DataError(f"polygon {index} is no polygon: {polygon.tolist()}")
    # Rounding first: a sliver may turn over by it.
    return clockwise(np.rint(polygon).astype(np.int64))


def rounded_quad(polygon: np.ndarray, index: int) -> np.ndarray:
    """Return what `rounded_polygon` does of the quadrilateral, or of the rectangle of least area.

    Raises:
        DataError: As for `rounded_polygon`.
    """
    if len(polygon) < 3 or len(polygon) == 4 or not np.isfinite(polygon).all():
        return rounded_polygon(polygon, index)
    return rounded_polygon(min_area_rect(polygon)[0], index)


def confidence_text(score: float | np.floating) -> str:
    """Return a score in [0, 1] as decimal text.

    Raises:
        DataError: It is outside.
    """
    if not 0 <= score <= 1:
        raise DataError(f"the score {score} is not in [0, 1]")
    # The shortest text that reads back as the same float32, never with an exponent, which the
    # server refuses.
    return np.format_float_positional(score, trim="-")
