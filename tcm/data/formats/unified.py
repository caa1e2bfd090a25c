"""The annotation file: MMOCR 1.x's unified JSON, read and written.

``{"metainfo": {...}, "data_list": [{"img_path", "height", "width", "instances": [{"polygon",
"bbox", "bbox_label", "ignore", "text"}]}]}``, polygons flat ``x1, y1, x2, y2, ...`` in pixels.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tcm.errors import DataError, nearest
from tcm.geometry.polygons import bounding_box, clockwise
from tcm.structures import TextInstances


@dataclass
class ImageRecord:
    """One image of an annotation file.

    Attributes:
        img_path: Path of the image; as written in a file, relative to the image root.
        height: In pixels.
        width: In pixels.
        instances: Its texts, in pixels of the image.
        id: The path as the file has it: the name of the image in subsets and reports.
    """

    img_path: str
    height: int
    width: int
    instances: TextInstances = field(default_factory=TextInstances)
    id: str = ""

    def __post_init__(self) -> None:
        self.id = self.id or self.img_path


def read(path: str | Path, img_root: str | Path | None = None) -> list[ImageRecord]:
    """Read an annotation file.

    Polygons are made clockwise; an instance that has a box only gets its rectangle.

    Args:
        path: The JSON file.
        img_root: Folder that the image paths are relative to; None for the file's own.

    Raises:
        DataError: The file is missing, no JSON, empty or of another shape; the text gives the file
            and the place.
    """
    path = Path(path)
    content = _load(path)
    if not isinstance(content, Mapping) or not isinstance(content.get("data_list"), list):
        keys = content if isinstance(content, Mapping) else ()
        hint = nearest("data_list", keys)
        raise DataError(f"{path}: a mapping with a list 'data_list' is wanted{hint}")
    if not content["data_list"]:
        raise DataError(f"{path}: data_list is empty")
    root = path.parent if img_root is None else Path(img_root)
    entries = enumerate(content["data_list"])
    return [_record(entry, root, f"{path}: data_list[{i}]") for i, entry in entries]


def write(path: str | Path, records: Sequence[ImageRecord]) -> None:
    """Write records as an annotation file, an image a line; `img_path` is written as it is.

    The task is named ``textspotting`` if any instance has a text, else ``textdet``.
    """
    spotting = any(text is not None for record in records for text in record.instances.texts)
    kind = "TextSpotting" if spotting else "TextDet"
    metainfo = {
        "dataset_type": f"{kind}Dataset",
        "task_name": kind.lower(),
        "category": [{"id": 0, "name": "text"}],
    }
    lines = ",\n".join(json.dumps(_entry(record), ensure_ascii=False) for record in records)
    text = f'{{"metainfo": {json.dumps(metainfo)},\n"data_list": [\n{lines}\n]}}\n'
    Path(path).write_text(text, encoding="utf-8")


def _load(path: Path) -> Any:
    if not path.is_file():
        siblings = [p.name for p in path.parent.glob("*.json")] if path.parent.is_dir() else []
        raise DataError(f"{path}: no such annotation file{nearest(path.name, siblings)}")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}: no JSON: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: no JSON: byte {error.start} is not UTF-8") from error


def _record(entry: Any, root: Path, place: str) -> ImageRecord:
    name = _get(entry, "img_path", str, place)
    height, width = (_get(entry, key, int, place) for key in ("height", "width"))
    items = _get(entry, "instances", list, place)
    if min(height, width) < 1:
        raise DataError(f"{place}: height {height} and width {width} are no size")
    places = [f"{place}.instances[{i}]" for i in range(len(items))]
    pairs = list(zip(items, places, strict=True))
    ignored = [_get(item, "ignore", (bool, int), where, False) for item, where in pairs]
    labels = [_get(item, "bbox_label", int, where, 0) for item, where in pairs]
    instances = TextInstances(
        polygons=[_polygon(item, where) for item, where in pairs],
        texts=[_get(item, "text", (str, type(None)), where, None) for item, where in pairs],
        ignored=np.array(ignored, bool),
        labels=np.array(labels, np.int64),
    )
    return ImageRecord(str(root / name), height, width, instances, id=name)


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
    if item.get("bbox") is None:
        raise DataError(f"{place}: neither 'polygon' nor 'bbox'{nearest('polygon', item)}")
    box = _numbers(item["bbox"], f"{place}.bbox")
    if len(box) != 4 or box[0] > box[2] or box[1] > box[3]:
        raise DataError(f"{place}.bbox: [xmin, ymin, xmax, ymax] is wanted, got {item['bbox']}")
    return box[[0, 1, 2, 1, 2, 3, 0, 3]].reshape(4, 2)


def _numbers(values: Any, place: str) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError:  # nested lists of unequal lengths
        array = np.array(None)
    if array.ndim != 1 or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise DataError(f"{place}: a flat list of finite numbers is wanted, got {str(values)[:60]}")
    return array.astype(np.float32)


def _entry(record: ImageRecord) -> dict[str, Any]:
    instances = record.instances
    items = []
    for i, polygon in enumerate(instances.polygons):
        item = {
            "polygon": _plain(polygon.ravel()),
            "bbox": _plain(bounding_box(polygon)),
            "bbox_label": int(instances.labels[i]),
            "ignore": bool(instances.ignored[i]),
        }
        text = instances.texts[i]
        items.append(item if text is None else item | {"text": text})
    size = {"height": int(record.height), "width": int(record.width)}
    return {"img_path": record.img_path, **size, "instances": items}


def _plain(values: np.ndarray) -> list[int | float]:
    return [int(v) if float(v).is_integer() else float(v) for v in values]
