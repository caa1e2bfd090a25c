"""The entries of MMOCR 1.x's unified JSON, parsed one by one; the format is in `unified`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tcm.data.formats.files import read_json, rectangle
from tcm.errors import DataError, nearest
from tcm.geometry.bezier import bezier_to_polygon
from tcm.geometry.polygons import clockwise


def read_entries(path: Path) -> list[Any]:
    """Return the images of an annotation file as they are written, an entry each.

    Raises:
        DataError: The file is missing, no JSON, empty or of another shape.
    """
    content = read_json(path)
    if not isinstance(content, Mapping) or not isinstance(content.get("data_list"), list):
        keys = content if isinstance(content, Mapping) else ()
        hint = nearest("data_list", keys)
        raise DataError(f"{path}: a mapping with a list 'data_list' is wanted{hint}")
    if not content["data_list"]:
        raise DataError(f"{path}: data_list is empty")
    return content["data_list"]


def parse_image(entry: Any, place: str) -> tuple[str, int, int, list[Any]]:
    """Return an entry's image path, height and width in pixels, and instances as written.

    Raises:
        DataError: A key is missing or of the wrong type; the text starts with `place`.
    """
    name = _get(entry, "img_path", str, place)
    height, width = (_get(entry, key, int, place) for key in ("height", "width"))
    items = _get(entry, "instances", list, place)
    if min(height, width) < 1:
        raise DataError(f"{place}: height {height} and width {width} are no size")
    return name, height, width, items


class Instance(NamedTuple):
    """One text: polygon float32 (P, 2) in pixels, clockwise, and what an entry says about it."""

    polygon: np.ndarray
    text: str | None
    ignored: bool
    label: int


def parse_instance(item: Any, place: str) -> Instance:
    """Return an instance of an entry.

    Raises:
        DataError: A key is missing or of the wrong type, the polygon is malformed; the text starts
            with `place`.
    """
    return Instance(
        polygon=_polygon(item, place),
        text=_get(item, "text", (str, type(None)), place, None),
        ignored=bool(_get(item, "ignore", (bool, int), place, False)),
        label=_get(item, "bbox_label", int, place, 0),
    )


_REQUIRED = object()


def _get(entry: Any, key: str, kind: Any, place: str, default: Any = _REQUIRED) -> Any:
    if not isinstance(entry, Mapping):
        raise DataError(f"{place}: a mapping is wanted, got {type(entry).__name__}")
    value = entry.get(key, default)
    if value is _REQUIRED:
        raise DataError(f"{place}: '{key}' is missing{nearest(key, entry)}")
    if not isinstance(value, kind):
        raise DataError(f"{place}.{key}: {value!r} is of the wrong type, {type(value).__name__}")
    return value


def _polygon(item: Any, place: str) -> np.ndarray:
    if _get(item, "polygon", object, place, None) is not None:
        numbers = _numbers(item["polygon"], f"{place}.polygon")
        if len(numbers) % 2:
            raise DataError(f"{place}.polygon: {len(numbers)} numbers; an even count is wanted")
        if len(numbers) < 6:
            raise DataError(f"{place}.polygon: {len(numbers) // 2} points; at least 3 are wanted")
        return clockwise(numbers.reshape(-1, 2))
    if item.get("beziers") is not None:
        points = _numbers(item["beziers"], f"{place}.beziers")
        if len(points) != 16:
            raise DataError(f"{place}.beziers: 16 numbers are wanted, got {len(points)}")
        return clockwise(bezier_to_polygon(points.reshape(8, 2)).astype(np.float32))
    if item.get("bbox") is None:
        raise DataError(f"{place}: neither 'polygon' nor 'bbox'{nearest('polygon', item)}")
    box = _numbers(item["bbox"], f"{place}.bbox")
    if len(box) != 4 or box[0] > box[2] or box[1] > box[3]:
        raise DataError(f"{place}.bbox: [xmin, ymin, xmax, ymax] is wanted, got {item['bbox']}")
    return rectangle(*box)


def _numbers(values: Any, place: str) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError:  # nested lists of unequal lengths
        array = np.array(None)
    if array.ndim != 1 or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise DataError(f"{place}: a flat list of finite numbers is wanted, got {str(values)[:60]}")
    return array.astype(np.float32)
