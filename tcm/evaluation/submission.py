"""Writing predictions: the zip that the RRC's server takes for ICDAR2015, and the unified JSON."""

import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tcm.errors import DataError
from tcm.geometry.polygons import bounding_box, clockwise, min_area_rect
from tcm.structures import TextInstances


def submission_quads(prediction: TextInstances) -> list[np.ndarray]:
    """Return the polygons as int64 (4, 2) quadrilaterals in pixels, clockwise, not clipped.

    Other than four points become their rectangle of least area; coordinates are rounded to the
    nearest integer.

    Raises:
        DataError: A polygon has fewer than three points or a coordinate that is not finite.
    """
    return [_quad(polygon, index) for index, polygon in enumerate(prediction.polygons)]


def write_submission(
    path: str | Path,
    names: Sequence[str],
    predictions: Sequence[TextInstances],
    confidences: bool = False,
) -> None:
    """Write the zip for ICDAR2015 task 4.1.

    It holds ``res_img_N.txt`` for every image, with a line ``x1,y1,...,x4,y4`` per text. Equal
    predictions give equal bytes.

    Args:
        path: The zip file.
        names: The image files, ``img_N.jpg``, folders allowed before.
        predictions: One per image, in original image coordinates.
        confidences: Whether to append the score, which the server takes for AP.

    Raises:
        DataError: A name has another form or comes twice, or a prediction cannot be written; the
            text names the image.
    """
    members: dict[str, str] = {}
    for name, prediction in zip(names, predictions, strict=True):
        match = re.fullmatch(r"img_([0-9]+)", Path(name).stem)
        if match is None:
            raise DataError(f"{name}: a name img_N is wanted, to write res_img_N.txt")
        member = f"res_img_{match[1]}.txt"
        if member in members:
            raise DataError(f"{name}: a second image with the number {match[1]}")
        try:
            members[member] = _lines(prediction, confidences)
        except DataError as error:
            raise DataError(f"{name}: {error}") from error
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            # A ZipInfo made by hand carries a fixed date.
            archive.writestr(zipfile.ZipInfo(member), content, zipfile.ZIP_DEFLATED)


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


def _quad(polygon: np.ndarray, index: int) -> np.ndarray:
    if len(polygon) < 3 or not np.isfinite(polygon).all():
        raise DataError(f"polygon {index} is no polygon: {polygon.tolist()}")
    corners = polygon if len(polygon) == 4 else min_area_rect(polygon)[0]
    # Rounding first: a sliver may turn over by it.
    return clockwise(np.rint(corners).astype(np.int64))


def _lines(prediction: TextInstances, confidences: bool) -> str:
    rows = [",".join(map(str, quad.ravel().tolist())) for quad in submission_quads(prediction)]
    if confidences and rows:
        if prediction.scores is None:
            raise DataError("no scores to write as confidences")
        rows = [
            f"{row},{_confidence(score)}"
            for row, score in zip(rows, prediction.scores, strict=True)
        ]
    return "".join(row + "\n" for row in rows)


def _confidence(score: np.float32) -> str:
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
