"""Bezier curves of the texts of an annotation file: fitted, measured and written.

The field ``beziers`` of an instance is what MMOCR's ABCNet reads: 16 numbers, the control points
``x0, y0, ..., x7, y7`` of the upper side from left to right and of the lower one from right to
left, in pixels.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from tcm.annotations.files import read_json
from tcm.annotations.unified import parse_image, parse_instance, read_entries
from tcm.files import whole
from tcm.geometry.bezier import (
    Least,
    bezier_to_polygon,
    polygon_sides,
    polygon_to_bezier,
    vertex_distances,
)
from tcm.geometry.polygons import area, clockwise, is_simple

_DECIMALS = 3  # of the numbers that are written: a thousandth of a pixel


class Fit(NamedTuple):
    """The curves of one text.

    Attributes:
        place: Where it stands, such as ``data_list[3].instances[0] of img_4.jpg``.
        bezier: Control points (8, 2) float64, in pixels.
        vertices: Number of the polygon's vertices.
        distances: (P,) float64, from each vertex to its side's curve in pixels.
        height: Area over the mean length of the two sides, in pixels; 0 for a flat text.
        flaw: Why the curves are no outline of a text; empty if they are.
    """

    place: str
    bezier: np.ndarray
    vertices: int
    distances: np.ndarray
    height: float
    flaw: str

    @property
    def farthest(self) -> float:
        """Return the greatest distance of a vertex from its curve, in pixels."""
        return float(self.distances.max())

    @property
    def farthest_ratio(self) -> float:
        """Return the greatest distance over the height of the text; 0 for a flat text."""
        return self.farthest / self.height if self.height else 0.0


def fit_texts(path: str | Path, least: Least = "points") -> Iterator[Fit]:
    """Yield the curves of all texts of an annotation file, in its order; ignored ones too.

    Args:
        path: The file in the unified format.
        least: As in `tcm.geometry.bezier.fit_bezier`.

    Raises:
        DataError: The file is missing or malformed.
    """
    for i, entry in enumerate(read_entries(Path(path))):
        place = f"{path}: data_list[{i}]"
        name, _, _, items = parse_image(entry, place)
        for j, item in enumerate(items):
            instance = parse_instance(item, f"{place}.instances[{j}]")
            polygon = clockwise(instance.polygon)
            yield _fit(polygon, f"data_list[{i}].instances[{j}] of {name}", least)


def write_with_beziers(path: str | Path, out: str | Path, fits: list[Fit]) -> None:
    """Write an annotation file again, each instance with its ``beziers``, all else as it was.

    Args:
        path: The file that the curves were fitted to.
        out: The file to write; image paths are made relative to its folder.
        fits: The curves of `fit_texts`, all of them in order.

    Raises:
        OutputError: The file cannot be written.
    """
    path, out = Path(path), Path(out)
    content = read_json(path)
    curves = iter(fits)
    for entry in content["data_list"]:
        entry["img_path"] = _from_folder(entry["img_path"], path.parent, out.parent)
        for item in entry["instances"]:
            item["beziers"] = np.round(next(curves).bezier, _DECIMALS).ravel().tolist()
    with whole(out) as file:
        _dump(content, file)


def _fit(polygon: np.ndarray, place: str, least: Least) -> Fit:
    bezier = polygon_to_bezier(polygon, least)
    lengths = [float(np.linalg.norm(np.diff(s, axis=0), axis=1).sum()) for s in _sides(polygon)]
    height = area(polygon) / np.mean(lengths) if max(lengths) else 0.0
    distances = vertex_distances(polygon, bezier)
    flaw = _flaw(polygon, bezier, lengths)
    return Fit(place, bezier, len(polygon), distances, float(height), flaw)


def _flaw(polygon: np.ndarray, bezier: np.ndarray, lengths: list[float]) -> str:
    """Return why curves are no outline of a text, or nothing."""
    if len(polygon) == 3:
        return "3 vertices: the lower side is a point"
    if not is_simple(polygon):
        return "the polygon crosses itself or is flat"
    if min(lengths) == 0:
        return "a side has no length"
    if not is_simple(bezier_to_polygon(bezier)):
        return "the curves cross"
    return ""


def _sides(polygon: np.ndarray) -> list[np.ndarray]:
    return [np.asarray(side, np.float64) for side in polygon_sides(polygon)]


def _from_folder(name: str, old: Path, new: Path) -> str:
    """Return a path that is relative to the folder `old` as one that is relative to `new`."""
    if PurePosixPath(name).is_absolute() or old.resolve() == new.resolve():
        return name
    return Path(os.path.relpath((old / name).resolve(), new.resolve())).as_posix()


def _dump(content: dict[str, Any], file: Any) -> None:
    """Write the mapping as JSON, an image a line."""
    file.write("{")
    for key, value in content.items():
        if key != "data_list":
            file.write(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)},\n")
    file.write('"data_list": [')
    for i, entry in enumerate(content["data_list"]):
        file.write(",\n" if i else "\n")
        file.write(json.dumps(entry, ensure_ascii=False))
    file.write("\n]}\n")
