"""The JSON files of labelme, one beside each image; those of X-AnyLabeling are of the same form.

``{"version", "flags", "shapes": [{"label", "points": [[x, y], ...], "shape_type", "flags",
"description", "group_id"}], "imagePath", "imageData", "imageHeight", "imageWidth"}``, the image's
path relative to the file. Which of them holds the text is the user's choice: labelme asks for a
`label`, X-AnyLabeling writes what it reads into `description`.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tcm import inputs
from tcm.annotations.files import parse_json, read_text, rectangle
from tcm.annotations.instance import Instance
from tcm.annotations.regions import Fields, LabelledImage, Region, listed, mapping, points, size
from tcm.annotations.regions import text as text_of
from tcm.errors import DataError, nearest
from tcm.files import write_json

FIELDS = Fields(text=("label",), ignore=("difficult", "flags.ignore", "flags.difficult"))

_MOST = 2**28  # bytes of a file, which may hold the image
_CORNERS = ("oriented_rectangle", "rotation", "quadrilateral")  # the latter two of X-AnyLabeling
_OUTLINES = ("polygon", "rectangle", *_CORNERS)
_OTHERS = {
    **{"circle": "circles", "line": "lines", "linestrip": "line strips", "mask": "masks"},
    **{"point": "points", "points": "points"},
}


def read(path: Path) -> LabelledImage:
    """Read the file of an image.

    Raises:
        DataError: It is no file of labelme, or a shape is malformed or unknown.
    """
    content = parse_json(read_text(path, _MOST).content, str(path))
    entry = mapping(content, str(path))
    shapes = listed(entry, "shapes", f"{path}: no file of labelme")
    found: list[Region] = []
    left_out: Counter[str] = Counter()
    for i, shape in enumerate(shapes):
        place = f"{path}: shapes[{i}]"
        kind = str(mapping(shape, place).get("shape_type") or "polygon")  # absent before 3.6
        if kind in _OTHERS:
            left_out[_OTHERS[kind]] += 1
        else:
            found.append(Region(_polygon(shape, kind, place), shape, place))
    name = text_of(entry, "imagePath", str(path)).replace("\\", "/")  # of a Windows machine
    height, width = entry.get("imageHeight"), entry.get("imageWidth")
    image = inputs.image_name(name, f"{path}: imagePath")
    return LabelledImage(image, size(height, width, str(path)), found, left_out, str(path))


def write(path: Path, image: Path, height: int, width: int, found: Sequence[Instance]) -> None:
    """Write the file of an image: an ignored text has the flag ``ignore``, a score its number.

    Args:
        path: The file.
        image: The image, which is named relative to the file.
        height: Of the image, in pixels.
        width: Likewise.
        found: Its texts.
    """
    relative = os.path.relpath(image.resolve(), path.parent.resolve())
    content: dict[str, Any] = {
        "version": "5.5.0",
        "flags": {},
        "shapes": [_shape(one) for one in found],
        "imagePath": Path(relative).as_posix(),
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }
    write_json(path, content)


def _polygon(shape: Mapping[str, Any], kind: str, place: str) -> np.ndarray:
    if kind not in _OUTLINES:
        hint = nearest(kind, (*_OUTLINES, *_OTHERS))
        raise DataError(f"{place}: unknown shape_type {kind[:60]!r}{hint}")
    drawn = shape.get("points")
    place = f"{place}.points"
    if kind == "polygon":
        return points(drawn, place)
    if kind == "rectangle" and isinstance(drawn, list) and len(drawn) == 2:
        corners = points(drawn, place, 2)
        return rectangle(*corners.min(axis=0), *corners.max(axis=0))
    return points(drawn, place, 4)


def _shape(one: Instance) -> dict[str, Any]:
    shape = {
        "label": one.text or "",
        "points": np.asarray(one.polygon, np.float64).tolist(),
        "group_id": None,
        "description": "",
        "shape_type": "polygon",
        "flags": {"ignore": True} if one.ignored else {},
    }
    return shape if one.confidence is None else shape | {"score": one.confidence}
