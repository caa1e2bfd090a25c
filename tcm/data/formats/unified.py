"""The annotation file: MMOCR 1.x's unified JSON, read and written.

``{"metainfo": {...}, "data_list": [{"img_path", "height", "width", "instances": [{"polygon",
"bbox", "bbox_label", "ignore", "text"}]}]}``, polygons flat ``x1, y1, x2, y2, ...`` in pixels. An
instance may have ``beziers`` as well (see `beziers`); without a polygon they stand for it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tcm.data.formats.entries import parse_image, parse_instance, read_entries
from tcm.geometry.polygons import bounding_box
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

    Polygons are made clockwise; an instance without one gets that of its Bezier curves, of 20
    points a side, or else the rectangle of its box.

    Args:
        path: The JSON file.
        img_root: Folder that the image paths are relative to; None for the file's own.

    Raises:
        DataError: The file is missing, no JSON, empty or of another shape; the text gives the file
            and the place.
    """
    path = Path(path)
    root = path.parent if img_root is None else Path(img_root)
    entries = enumerate(read_entries(path))
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
    with Path(path).open("w", encoding="utf-8") as file:  # SynthText is too large for one string
        file.write(f'{{"metainfo": {json.dumps(metainfo)},\n"data_list": [')
        for i, record in enumerate(records):
            file.write(",\n" if i else "\n")
            file.write(json.dumps(_entry(record), ensure_ascii=False))
        file.write("\n]}\n")


def _record(entry: Any, root: Path, place: str) -> ImageRecord:
    name, height, width, items = parse_image(entry, place)
    found = [parse_instance(item, f"{place}.instances[{i}]") for i, item in enumerate(items)]
    instances = TextInstances(
        polygons=[one.polygon for one in found],
        texts=[one.text for one in found],
        ignored=np.array([one.ignored for one in found], bool),
        labels=np.array([one.label for one in found], np.int64),
    )
    return ImageRecord(str(root / name), height, width, instances, id=name)


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
