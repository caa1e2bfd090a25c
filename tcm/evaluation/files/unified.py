"""Annotations and predictions in MMOCR's unified JSON, with `score` in predictions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tcm.annotations import unified
from tcm.annotations.instance import Instance
from tcm.annotations.unified import ImageEntry
from tcm.errors import DataError
from tcm.structures import TextInstances


def is_json(path: str | Path) -> bool:
    """Tell whether a path is that of a JSON file."""
    return Path(path).suffix.lower() == ".json"


def read_unified(path: str | Path) -> dict[str, TextInstances]:
    """Read a unified annotation or prediction file, by the stem of the image's name.

    Raises:
        DataError: The file is not of that form, only a part of the instances of an image has a
            score, or two images have one name; the text gives the file and the place.
    """
    images: dict[str, TextInstances] = {}
    for index, item in enumerate(unified.read_entries(Path(path))):
        place = f"{path}: data_list[{index}]"
        entry = unified.parse_entry(item, place)
        name = Path(entry.name).stem
        if name in images:
            raise DataError(f"{place}: a second image '{name}'")
        images[name] = _instances(entry, place)
    return images


def write_predictions(
    path: str | Path,
    img_paths: Sequence[str],
    predictions: Sequence[TextInstances],
    classes: Sequence[str] = unified.TEXT,
) -> None:
    """Write the predictions as unified JSON: an annotation file with `score` in addition.

    Args:
        path: The JSON file.
        img_paths: As the dataset names the images.
        predictions: One per image, in original image coordinates; floats are kept exactly.
        classes: Their names in the order of the labels.
    """
    images = zip(img_paths, predictions, strict=True)
    entries = [ImageEntry(name, None, None, _parsed(found)) for name, found in images]
    unified.write(path, entries, classes)


def _instances(entry: ImageEntry, place: str) -> TextInstances:
    found = entry.instances
    scores = [one.confidence for one in found if one.confidence is not None]
    if scores and len(scores) < len(found):
        raise DataError(f"{place}.instances: {len(scores)} of {len(found)} have a score")
    return TextInstances(
        polygons=[one.polygon for one in found],
        texts=[one.text for one in found],
        ignored=np.array([one.ignored for one in found], bool),
        scores=np.array(scores, np.float32) if scores else None,
        labels=np.array([one.label for one in found], np.int64),
    )


def _parsed(found: TextInstances) -> list[Instance]:
    scores = [None] * len(found) if found.scores is None else found.scores.tolist()
    columns = zip(found.polygons, found.texts, found.ignored, scores, found.labels, strict=True)
    return [Instance(*column) for column in columns]
