"""Annotation files in the unified JSON: data sets, checks, curves, predictions."""

import json
from pathlib import Path

from tcm.data.datasets.text_dataset import TextDataset
from tcm.data.formats import unified
from tcm.data.prepare.beziers import fit_texts
from tcm.data.prepare.check import find_mistakes
from tcm.errors import TCMError
from tcm.evaluation.files.unified import read_unified

_QUAD = [1, 1, 9, 1, 9, 5, 1, 5]


def seeds(folder: Path) -> list[Path]:
    """Write an annotation file and one of predictions."""
    word = {"polygon": _QUAD, "bbox": [1, 1, 9, 5], "bbox_label": 0, "ignore": False, "text": "a"}
    curve = {"beziers": [0, 0, 3, 0, 6, 0, 9, 0, 9, 6, 6, 6, 3, 6, 0, 6], "ignore": True}
    entry = {"img_path": "b/1.png", "height": 40, "width": 60, "instances": [word, curve]}
    box = {"img_path": "é.png", "height": 9, "width": 9, "instances": [{"bbox": [0, 0.5, 9, 7]}]}
    train = {"metainfo": {"category": [{"id": 0, "name": "text"}]}, "data_list": [entry, box]}
    found = {"img_path": "1.png", "instances": [word | {"score": 0.5}, word | {"score": 1}]}
    paths = [folder / "train.json", folder / "predictions.json"]
    for path, content in zip(paths, (train, {"data_list": [found]}), strict=True):
        path.write_text(json.dumps(content), encoding="utf-8")
    return paths


def run(path: Path) -> None:
    """Read it in every way."""
    failed = None
    for read in (_dataset, unified.read, read_unified, find_mistakes, _curves):
        try:
            read(path)
        except TCMError as error:
            failed = error
    if failed is not None:
        raise failed


def _dataset(path: Path) -> None:
    dataset = TextDataset(str(path), cache=False)
    assert len(list(dataset.ids)) == len(list(dataset.infos()))
    list(dataset.records)


def _curves(path: Path) -> None:
    list(fit_texts(path))
