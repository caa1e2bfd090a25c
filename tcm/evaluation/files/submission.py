"""Writing predictions: the zips that servers and official scripts take, and the unified JSON."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tcm.errors import DataError
from tcm.geometry.polygons import bounding_box, clockwise, min_area_rect
from tcm.structures import TextInstances


def write_predictions(
    path: str | Path, img_paths: Sequence[str], predictions: Sequence[TextInstances]
) -> None:
    """Write the predictions as unified JSON: an annotation file with `score` in addition.

    Args:
        path: The JSON file.
        img_paths: As the dataset names the images.
        predictions: One per image, in original image coordinates; floats are kept exactly.
    """
    images = [
        {"img_path": img_path, "instances": _instances(prediction)}
        for img_path, prediction in zip(img_paths, predictions, strict=True)
    ]
    metainfo = {
        "dataset_type": "TextDetDataset",
        "task_name": "textdet",
        "category": [{"id": 0, "name": "text"}],
    }
    content = json.dumps(
        {"metainfo": metainfo, "data_list": images}, ensure_ascii=False, allow_nan=False
    )
    Path(path).write_text(content, encoding="utf-8")


def write_members(path: str | Path, members: Mapping[str, str]) -> None:
    """Write a zip of text files by name; equal content gives equal bytes."""
    with zipfile.ZipFile(path, "w") as archive:
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


def _instances(prediction: TextInstances) -> list[dict[str, Any]]:
    scores = [None] * len(prediction) if prediction.scores is None else prediction.scores.tolist()
    texts, ignored = prediction.texts, prediction.ignored.tolist()
    return [
        {
            "polygon": polygon.ravel().tolist(),
            "bbox": bounding_box(polygon).tolist(),
            "bbox_label": int(label),
            "ignore": ignore,
            "score": score,
            "text": text,
        }
        for polygon, label, ignore, score, text in zip(
            prediction.polygons, prediction.labels, ignored, scores, texts, strict=True
        )
    ]
