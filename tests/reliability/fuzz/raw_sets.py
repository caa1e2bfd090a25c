"""The JSON files of whole sets: COCO-Text, TextOCR, CurvedSynthText, ArT."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tcm.data.formats import art, cocotext, curved_synthtext, textocr

_QUAD = [1.5, 1, 9, 1, 9, 5, 1, 5]
_IMAGE = {"width": 16, "height": 12, "file_name": "gt_1.png"}

_SETS: dict[str, tuple[str, str, Callable[[Path], Any], Any]] = {
    "cocotext.json": (
        *("cocotext.v2.json", "train2014", cocotext.read),
        {
            "imgs": {"1": _IMAGE | {"id": 1, "set": "train"}},
            "anns": {
                "2": {
                    **{"image_id": 1, "bbox": [1, 1, 8, 4], "mask": _QUAD},
                    **{"utf8_string": "a", "legibility": "legible"},
                }
            },
        },
    ),
    "textocr.json": (
        *("TextOCR_0.1_train.json", "train_images", textocr.read),
        {
            "imgs": {"a": _IMAGE | {"id": "a"}},
            "anns": {"b": {"image_id": "a", "points": _QUAD, "utf8_string": "."}},
        },
    ),
    "curved.json": (
        *("syntext1/train.json", "syntext1/images", curved_synthtext.read),
        {
            "images": [_IMAGE | {"id": 1}],
            "annotations": [
                {"image_id": 1, "iscrowd": 0, "bezier_pts": _QUAD * 2, "rec": [40, 95, 96]}
            ],
        },
    ),
    "art.json": (
        *("train_labels.json", "train_images", art.read),
        {
            "gt_1": [
                {"points": [[1, 1], [9, 1], [9, 5]], "transcription": "a", "illegibility": False}
            ]
        },
    ),
}


def seeds(folder: Path) -> list[Path]:
    """Write a file of each set."""
    for name, (_, _, _, content) in _SETS.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return [folder / name for name in _SETS]


def run(path: Path) -> None:
    """Read it as the set of its name, with an image."""
    labels, images, read, _ = _SETS[path.name]
    raw = path.parent / f"raw_{path.stem}"
    (raw / images).mkdir(parents=True, exist_ok=True)
    if not (raw / images / "gt_1.png").exists():
        data = cv2.imencode(".png", np.zeros((12, 16, 3), np.uint8))[1]
        (raw / images / "gt_1.png").write_bytes(data.tobytes())
    shutil.copy(path, raw / labels)
    read(raw)
