"""The files of VGG Image Annotator, version 2 (and 1): a project, its annotations as JSON or CSV.

JSON: ``{key: {"filename", "size", "regions": [{"shape_attributes": {"name": "polygon",
"all_points_x", "all_points_y"}, "region_attributes": {...}}], "file_attributes"}}``, in a project
under ``_via_img_metadata``; version 1 has a mapping of regions. CSV: a region a line, the two
kinds of attributes as JSON. What a region's attributes are called is the user's choice.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tcm import inputs
from tcm.annotations.files import MOST_CHARACTERS, brief, outline, parse_json, read_json, read_text
from tcm.annotations.regions import Fields, LabelledImage, Region, box, listed, mapping
from tcm.annotations.regions import text as text_of
from tcm.errors import DataError, nearest

FIELDS = Fields(text=("text", "transcription"), ignore=("ignore",))
COLUMNS = (
    *("filename", "file_size", "file_attributes", "region_count", "region_id"),
    *("region_shape_attributes", "region_attributes"),
)

_OUTLINES = ("rect", "polygon")
_OTHERS = {
    **{"circle": "circles", "ellipse": "ellipses", "point": "points", "polyline": "polylines"},
}


def read(path: Path) -> list[LabelledImage]:
    """Read a file, a CSV or a JSON by its name.

    Raises:
        DataError: It is of another form, or a region is malformed or of an unknown shape.
    """
    return _read_csv(path) if path.suffix.lower() == ".csv" else _read_json(path)


def _read_json(path: Path) -> list[LabelledImage]:
    content = mapping(read_json(path), str(path))
    if "project" in content and "view" in content:
        raise DataError(f"{path}: of version 3 of VIA, which is not read; version 2 is")
    images = mapping(content.get("_via_img_metadata", content), f"{path}: _via_img_metadata")
    return [_image(entry, f"{path}: {brief(key)}") for key, entry in images.items()]


def _image(entry: Any, place: str) -> LabelledImage:
    entry = mapping(entry, place)
    regions = entry.get("regions")
    if not isinstance(regions, Mapping):
        regions = dict(enumerate(listed(entry, "regions", place)))
    found: list[Region] = []
    left_out: Counter[str] = Counter()
    for key, region in regions.items():
        where = f"{place}: regions[{key}]"
        shape = mapping(mapping(region, where).get("shape_attributes"), f"{where}.shape_attributes")
        _add(shape, region.get("region_attributes"), where, found, left_out)
    name = inputs.image_name(text_of(entry, "filename", place), place)
    return LabelledImage(name, None, found, left_out, place)


def _read_csv(path: Path) -> list[LabelledImage]:
    found: dict[str, list[Region]] = {}
    images: dict[str, LabelledImage] = {}
    for row, place in _rows(path):
        name = inputs.image_name(row["filename"], f"{place}: filename")
        regions = found.setdefault(name, [])
        image = images.setdefault(name, LabelledImage(name, None, regions, Counter(), place))
        shape = parse_json(row["region_shape_attributes"], f"{place}: region_shape_attributes")
        if shape or row["region_count"].strip() != "0":  # an image without regions has a line too
            fields = parse_json(row["region_attributes"], f"{place}: region_attributes")
            _add(mapping(shape, place), fields, place, regions, image.left_out)
    return list(images.values())


def _rows(path: Path) -> Iterator[tuple[dict[str, str], str]]:
    limit = csv.field_size_limit(MOST_CHARACTERS)
    lines = csv.reader(io.StringIO(read_text(path, inputs.LISTS).content, newline=""), strict=True)
    try:
        head = [name.lstrip("#").strip() for name in next(lines, [])]
        for name in COLUMNS:
            if name not in head:
                raise DataError(f"{path}:1: the column '{name}' is missing{nearest(name, head)}")
        for fields in lines:
            place = f"{path}:{lines.line_num}"
            if len(fields) != len(head):
                raise DataError(f"{place}: {len(fields)} fields; {len(head)} are wanted")
            yield dict(zip(head, fields, strict=True)), place
    except csv.Error as error:
        raise DataError(f"{path}:{lines.line_num}: no CSV: {error}") from error
    finally:
        csv.field_size_limit(limit)


def _add(
    shape: Mapping[str, Any],
    fields: Any,
    place: str,
    found: list[Region],
    left_out: Counter[str],
) -> None:
    """Add a region to those that were found, or count it among those that are left out."""
    name = str(shape.get("name"))
    if name in _OTHERS:
        left_out[_OTHERS[name]] += 1
    else:
        fields = mapping({} if fields is None else fields, f"{place}.region_attributes")
        found.append(Region(_polygon(shape, name, place), fields, place))


def _polygon(shape: Mapping[str, Any], name: str, place: str) -> np.ndarray:
    if name == "rect":
        return box([shape.get(key) for key in ("x", "y", "width", "height")], place)
    if name != "polygon":
        hint = nearest(name, (*_OUTLINES, *_OTHERS))
        raise DataError(f"{place}: unknown shape {name[:60]!r}{hint}")
    xs, ys = (listed(shape, key, place) for key in ("all_points_x", "all_points_y"))
    if len(xs) != len(ys):
        raise DataError(f"{place}: {len(xs)} x and {len(ys)} y; as many are wanted")
    if len(xs) > 3 and xs[0] == xs[-1] and ys[0] == ys[-1]:  # version 1 closes polygons
        xs, ys = xs[:-1], ys[:-1]
    return outline([number for point in zip(xs, ys, strict=True) for number in point], place)
