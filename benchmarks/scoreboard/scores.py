"""Scores of a saved output by the package's own protocols."""

from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.scoreboard import saved
from benchmarks.scoreboard.systems import SETS
from tcm.errors import DataError
from tcm.evaluation.foreign import sources
from tcm.evaluation.foreign.output import SystemOutput
from tcm.evaluation.foreign.words import split_lines
from tcm.evaluation.icdar2015_e2e import ICDAR2015EndToEnd
from tcm.evaluation.msra_td500 import MSRATD500
from tcm.evaluation.protocol import DetectionProtocol
from tcm.evaluation.scores import Scores
from tcm.evaluation.word_accuracy import WordAccuracy, WordScores
from tcm.structures import TextInstances

Boxes = Literal["words", "split"]
_ICDAR2015 = "icdar2015/Challenge4_Test_Task1_GT"
_MSRA_TD500 = "msra_td500/test"


def scenes(path: Path, boxes: Boxes, data: Path) -> tuple[Scores, Scores]:
    """Return detection's scores on ICDAR2015, and those end to end without a lexicon.

    Args:
        path: The saved output.
        boxes: ``words`` for what the system itself gives, ``split`` for its lines, split by length.
        data: The folder of the sets.
    """
    texts = _score(ICDAR2015EndToEnd(), _words(path, boxes), data / _ICDAR2015)
    (outlines,) = texts.also  # of the same detections, by the rule of `ICDAR2015`
    return outlines, texts


def lines(path: Path, data: Path) -> Scores:
    """Return the scores of a system's lines, as they are, on MSRA-TD500 by ICDAR2015's rule."""
    return _score(MSRATD500(), SystemOutput(sources.read("rapidocr", [path])), data / _MSRA_TD500)


def words(path: Path, data: Path) -> WordScores:
    """Return the accuracy of words on IIIT5K, letters and digits only, whatever the case.

    Raises:
        DataError: A word that was read is not of the set.
    """
    test_set = SETS["iiit5k"]
    folder = data / test_set.folder
    pairs = [
        line.split(maxsplit=1)
        for line in (folder / str(test_set.listed)).read_text(encoding="utf-8").splitlines()
    ]
    labels = {name: text for name, text in pairs}
    found = saved.load(path).results
    unknown = [one["image"] for one in found if one["image"] not in labels]
    if unknown:
        raise DataError(f"{path}: {unknown[0]} is no word of {folder / str(test_set.listed)}")
    read = [" ".join(text["txt"] for text in one["result"]) for one in found]
    truths = [labels[one["image"]] for one in found]
    return WordAccuracy(charset=36).evaluate(list(map(_crop, read)), list(map(_crop, truths)))


def _words(path: Path, boxes: Boxes) -> SystemOutput:
    images = sources.read("rapidocr", [path])
    if boxes == "split":
        images = [image._replace(words=None) for image in images]
    return split_lines(images)


def _score(protocol: DetectionProtocol, found: SystemOutput, truths: Path) -> Scores:
    """Score the images that were read; the others are not of the set."""
    images, missing = protocol.load(truths, found)
    return protocol.score([image for image in images if image.name not in missing])


def _crop(text: str) -> TextInstances:
    """Return the text of a crop as the protocol takes it."""
    return TextInstances([np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)], [text])
