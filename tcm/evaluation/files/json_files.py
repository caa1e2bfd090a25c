"""Annotations and predictions in JSON: MMOCR's unified form, with `score` in predictions."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tcm.errors import DataError
from tcm.structures import TextInstances


def is_json(path: str | Path) -> bool:
    """Tell whether a path is that of a JSON file."""
    return Path(path).suffix.lower() == ".json"


def load_json(path: str | Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        DataError: The file is missing or no JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise DataError(f"{path}: no JSON: {error}") from error


def read_unified(path: str | Path) -> dict[str, TextInstances]:
    """Read a unified annotation or prediction file, by the stem of the image's name.

    An instance is a flat `polygon` or else a `bbox`; `ignore`, `score` and `text` are optional.

    Raises:
        DataError: The file is not of that form, only a part of its instances has a score, or two
            images have one name; the text gives the file and the place.
    """
    content = load_json(path)
    if not isinstance(content, Mapping) or not isinstance(content.get("data_list"), list):
        raise DataError(f"{path}: a mapping with a list 'data_list' is wanted")
    images: dict[str, TextInstances] = {}
    for index, entry in enumerate(content["data_list"]):
        place = f"{path}: data_list[{index}]"
        if not isinstance(entry, Mapping) or not isinstance(entry.get("img_path"), str):
            raise DataError(f"{place}: a mapping with 'img_path' is wanted")
        name = Path(entry["img_path"]).stem
        if name in images:
            raise DataError(f"{place}: a second image '{name}'")
        images[name] = _instances(entry.get("instances", []), place)
    return images


def _instances(entries: Any, place: str) -> TextInstances:
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise DataError(f"{place}.instances: a list of mappings is wanted")
    scores = [entry["score"] for entry in entries if entry.get("score") is not None]
    if scores and len(scores) < len(entries):
        raise DataError(f"{place}.instances: {len(scores)} of {len(entries)} have a score")
    wrong = [score for score in scores if not isinstance(score, int | float)]
    if wrong:
        raise DataError(f"{place}.instances: the score {wrong[0]!r} is no number")
    strange = [e["text"] for e in entries if not isinstance(e.get("text"), str | None)]
    if strange:
        raise DataError(f"{place}.instances: the text {strange[0]!r} is no text")
    return TextInstances(
        polygons=[_outline(entry, f"{place}.instances[{i}]") for i, entry in enumerate(entries)],
        texts=[entry.get("text") for entry in entries],
        ignored=np.array([bool(entry.get("ignore", False)) for entry in entries], bool),
        scores=np.array(scores, np.float32) if scores else None,
    )


def _outline(entry: Mapping[str, Any], place: str) -> np.ndarray:
    if "polygon" in entry:
        return points_of(entry["polygon"], place + ".polygon")
    left, top, right, bottom = points_of(entry.get("bbox"), place + ".bbox", 2).ravel()
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def points_of(value: Any, place: str, count: int | None = None) -> np.ndarray:
    """Return a JSON list, flat or of pairs, as float64 (P, 2) with P >= 3, or P == `count`.

    Raises:
        DataError: It is no such list or a coordinate is not finite; the text gives `place`.
    """
    try:
        points = np.array(value, np.float64).reshape(-1, 2)
    except (TypeError, ValueError):
        points = np.zeros((0, 2))
    if (len(points) < 3 if count is None else len(points) != count) or not np.isfinite(
        points
    ).all():
        wanted = "three or more points are" if count is None else f"{2 * count} numbers are"
        raise DataError(f"{place}: {wanted} wanted, got {value!r}")
    return points
