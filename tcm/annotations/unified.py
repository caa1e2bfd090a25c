"""The unified JSON, MMOCR 1.x's annotation file, parsed entry by entry and written.

``{"metainfo": {...}, "data_list": [{"img_path", "height", "width", "instances": [{"polygon",
"bbox", "bbox_label", "ignore", "text"}]}]}``, polygons flat ``x1, y1, x2, y2, ...`` in pixels. An
instance may have ``beziers`` as well (see `tcm.data.prepare.beziers`); without a polygon they stand
for it. Files of predictions have a ``score`` in every instance, and may lack the sizes.

``metainfo.category`` names the classes, ``{"id": 0, "name": "text"}`` each, ``bbox_label`` is an
id.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tcm import inputs
from tcm.annotations.files import LARGEST, MOST_POINTS, bounded, brief, rectangle
from tcm.annotations.instance import Instance
from tcm.annotations.json_stream import read_member, stream_list
from tcm.errors import DataError, nearest
from tcm.files import whole
from tcm.geometry.bezier import bezier_to_polygon
from tcm.geometry.polygons import bounding_box

TEXT = ("text",)  # the classes of scene text


class ImageEntry(NamedTuple):
    """An image of the file.

    Attributes:
        name: Its path as the file has it.
        height: In pixels, None if the file has no sizes.
        width: Likewise.
        instances: Its texts.
    """

    name: str
    height: int | None
    width: int | None
    instances: Sequence[Instance]


def read_entries(path: Path) -> Iterator[Any]:
    """Yield the images of an annotation file as they are written, an entry each.

    Raises:
        DataError: The file is missing, no JSON, empty or of another shape.
    """
    entry = None
    for entry in stream_list(path, "data_list"):
        yield entry
    if entry is None:
        raise DataError(f"{path}: data_list is empty")


def read_classes(path: Path) -> tuple[str, ...]:
    """Return the names of an annotation file's classes in the order of the labels.

    A file that names none is of text.

    Raises:
        DataError: The file is missing or no JSON object, or its categories have not the ids from 0
            on and names.
    """
    about = read_member(path, "metainfo")
    category = about.get("category") if isinstance(about, Mapping) else None
    if category is None:
        return TEXT
    place = f"{path}: metainfo.category"
    entries = category if isinstance(category, list) and category else [None]
    named = {_get(item, "id", int, place): _get(item, "name", str, place) for item in entries}
    if len(named) == len(entries) == 1:
        return tuple(named.values())
    if sorted(named) != list(range(len(entries))):
        raise DataError(f"{place}: the ids 0 to {len(entries) - 1} are wanted, each once")
    return tuple(named[label] for label in range(len(entries)))


@contextmanager
def form_first(entries: Iterator[Any]) -> Iterator[None]:
    """Let a file's mistakes of form go before a mistake that the block finds in an entry.

    Args:
        entries: What is left of `read_entries`; it is read to the end to see whether it can be.
    """
    try:
        yield
    except DataError:
        for _ in entries:
            pass
        raise


def parse_entry(entry: Any, place: str) -> ImageEntry:
    """Return an entry whose sizes may be absent, with its texts.

    Raises:
        DataError: A key is missing or of the wrong type, a polygon is malformed; the text starts
            with `place`.
    """
    name = inputs.image_name(_get(entry, "img_path", str, place), f"{place}.img_path")
    height, width = (_get(entry, k, (int, type(None)), place, None) for k in ("height", "width"))
    _check_size(1 if height is None else height, 1 if width is None else width, place)
    items = _get(entry, "instances", list, place, [])
    found = [parse_instance(item, f"{place}.instances[{i}]") for i, item in enumerate(items)]
    return ImageEntry(name, height, width, found)


def parse_image(entry: Any, place: str) -> tuple[str, int, int, list[Any]]:
    """Return an entry's image path, height and width in pixels, and instances as written.

    Raises:
        DataError: A key is missing or of the wrong type; the text starts with `place`.
    """
    name = inputs.image_name(_get(entry, "img_path", str, place), f"{place}.img_path")
    height, width = (_get(entry, key, int, place) for key in ("height", "width"))
    items = _get(entry, "instances", list, place)
    _check_size(height, width, place)
    return name, height, width, items


# What other formats call the keys: passed over, the box alone or no text would be left, or no text
# would be ignored.
OTHER_NAMES = {
    "polygon": ("poly", "polys", "polygons", "points", "quad", "segmentation"),
    "text": ("texts", "transcription", "utf8_string"),
    "ignore": ("ignored", "dontcare", "dont_care"),
}


def parse_instance(item: Any, place: str) -> Instance:
    """Return an instance of an entry, its polygon float32 and as written.

    An instance without a polygon gets that of its Bezier curves, of 20 points a side, or else the
    rectangle of its box.

    Raises:
        DataError: A key is missing or of the wrong type, the polygon is malformed; the text starts
            with `place`; or a key has the name of another format.
    """
    _refuse_other_names(item, place)
    score = _get(item, "score", (int, float, type(None)), place, None)
    label = _get(item, "bbox_label", int, place, 0)
    if score is not None and not abs(score) <= LARGEST:
        raise DataError(f"{place}.score: {brief(score)} is no score")
    if abs(label) > LARGEST:
        raise DataError(f"{place}.bbox_label: {brief(label)} is no class")
    return Instance(
        polygon=_polygon(item, place),
        text=_get(item, "text", (str, type(None)), place, None),
        ignored=bool(_get(item, "ignore", (bool, int), place, False)),
        confidence=score,
        label=label,
    )


def _check_size(height: int, width: int, place: str) -> None:
    if not (1 <= height <= LARGEST and 1 <= width <= LARGEST):
        found = f"height {brief(height)} and width {brief(width)}"
        raise DataError(f"{place}: {found} are no size; sides are 1 to {LARGEST:,.0f} pixels")


def _refuse_other_names(item: Any, place: str) -> None:
    if not isinstance(item, Mapping):
        return
    for key, others in OTHER_NAMES.items():
        if key in item or (key == "polygon" and "beziers" in item):
            continue
        for name in others:
            if item.get(name):
                raise DataError(f"{place}: '{name}' is not read; the key is '{key}'")


def write(path: str | Path, images: Sequence[ImageEntry], classes: Sequence[str] = TEXT) -> None:
    """Write an annotation file, an image a line; floats are kept exactly.

    The task is named ``textspotting`` if any instance has a text, else ``textdet``, and
    ``orienteddet`` if there are other classes than text.
    """
    spotting = any(one.text is not None for image in images for one in image.instances)
    kind = "TextSpotting" if spotting else "TextDet" if tuple(classes) == TEXT else "OrientedDet"
    metainfo = {
        "dataset_type": f"{kind}Dataset",
        "task_name": kind.lower(),
        "category": [{"id": label, "name": name} for label, name in enumerate(classes)],
    }
    with whole(path) as file:  # SynthText is too large for one string
        file.write(f'{{"metainfo": {json.dumps(metainfo)},\n"data_list": [')
        for i, image in enumerate(images):
            file.write(",\n" if i else "\n")
            file.write(json.dumps(_entry(image), ensure_ascii=False, allow_nan=False))
        file.write("\n]}\n")


def _entry(image: ImageEntry) -> dict[str, Any]:
    sizes = {"height": image.height, "width": image.width}
    return {
        "img_path": image.name,
        **{key: int(size) for key, size in sizes.items() if size is not None},
        "instances": [_item(instance) for instance in image.instances],
    }


def _item(instance: Instance) -> dict[str, Any]:
    item = {
        "polygon": _plain(instance.polygon.ravel()),
        "bbox": _plain(bounding_box(instance.polygon)),
        "bbox_label": int(instance.label),
        "ignore": bool(instance.ignored),
    }
    optional = {"score": instance.confidence, "text": instance.text}
    return item | {key: value for key, value in optional.items() if value is not None}


def _plain(values: Iterable[float]) -> list[int | float]:
    return [int(v) if float(v).is_integer() else float(v) for v in values]


_REQUIRED = object()


def _get(entry: Any, key: str, kind: Any, place: str, default: Any = _REQUIRED) -> Any:
    if not isinstance(entry, Mapping):
        raise DataError(f"{place}: a mapping is wanted, got {type(entry).__name__}")
    value = entry.get(key, default)
    if value is _REQUIRED:
        raise DataError(f"{place}: '{key}' is missing{nearest(key, entry)}")
    if not isinstance(value, kind):
        kind = type(value).__name__
        raise DataError(f"{place}.{key}: {brief(value)} is of the wrong type, {kind}")
    return value


def _polygon(item: Any, place: str) -> np.ndarray:
    if _get(item, "polygon", object, place, None) is not None:
        numbers = _numbers(item["polygon"], f"{place}.polygon")
        if len(numbers) % 2:
            raise DataError(f"{place}.polygon: {len(numbers)} numbers; an even count is wanted")
        if len(numbers) < 6:
            raise DataError(f"{place}.polygon: {len(numbers) // 2} points; at least 3 are wanted")
        if len(numbers) > 2 * MOST_POINTS:
            found = f"{len(numbers) // 2:,} points"
            raise DataError(f"{place}.polygon: {found}; at most {MOST_POINTS:,}")
        return numbers.reshape(-1, 2)
    if item.get("beziers") is not None:
        points = _numbers(item["beziers"], f"{place}.beziers")
        if len(points) != 16:
            raise DataError(f"{place}.beziers: 16 numbers are wanted, got {len(points)}")
        return bezier_to_polygon(points.reshape(8, 2)).astype(np.float32)
    if item.get("bbox") is None:
        raise DataError(f"{place}: neither 'polygon' nor 'bbox'{nearest('polygon', item)}")
    box = _numbers(item["bbox"], f"{place}.bbox")
    if len(box) != 4 or box[0] > box[2] or box[1] > box[3]:
        found = brief(item["bbox"])
        raise DataError(f"{place}.bbox: [xmin, ymin, xmax, ymax] is wanted, got {found}")
    return rectangle(*box)


def _numbers(values: Any, place: str) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError:  # nested lists of unequal lengths
        array = np.array(None)
    if array.ndim != 1 or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise DataError(f"{place}: a flat list of finite numbers is wanted, got {brief(values)}")
    return bounded(array, place).astype(np.float32)
