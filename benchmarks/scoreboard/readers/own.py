"""Our own package; results in the form of rapidocr 3.x, its words as those of its lines."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.scoreboard.readers import rounded
from tcm import TextReader, load
from tcm.geometry.polygons import min_area_rect
from tcm.inference.onnx import open_folder
from tcm.inference.onnx.manifest import NAME as MANIFEST
from tcm.inference.reading.chain import Chain
from tcm.inference.reading.detection import Views
from tcm.inference.reading.recognition import Straightening
from tcm.inference.reading.results import Line, Word
from tcm.inference.reading.runner import RecognizerRunner
from tcm.reader.text_reader import ImageReader, WordReader
from tcm.shipped import find_weights

# Those whose versions are saved: the environment is a developer's, with much more.
PACKAGES = ("tcm", "numpy", "onnxruntime", "opencv-python-headless", "shapely", "torch")


def scenes(
    detector: str | None = None, recognizer: str | None = None, **options: Any
) -> Callable[[str], dict[str, Any]]:
    """Return what reads a scene.

    Args:
        detector: A checkpoint or a folder; None for the one in the package.
        recognizer: Likewise; None for a spotter's own, else for the one in the package.
        options: Further arguments of `TextReader`.
    """
    torch.set_num_threads(1)
    finder = _model(detector or find_weights("detector"))
    if recognizer is None and isinstance(finder, ImageReader) and finder.chain.detector.reads:
        reader = TextReader(finder, **options)
    else:
        reader = TextReader(finder, _model(recognizer or find_weights("recognizer")), **options)

    def read(path: str) -> dict[str, Any]:
        lines = reader(path).lines
        return {
            "result": [_line(line) for line in lines],
            "word_results": [[_word(word) for word in line.words] for line in lines],
        }

    return read


def words(recognizer: str | None = None, **_: Any) -> Callable[[str], dict[str, Any]]:
    """Return what reads the crop of a word.

    Args:
        recognizer: As of `scenes`; None for the one in the package.
    """
    torch.set_num_threads(1)
    reader = _model(recognizer or find_weights("recognizer"))

    def read(path: str) -> dict[str, Any]:
        found = reader(path)
        return {"result": [{"txt": found.text, "score": rounded(found.confidence, 3)}]}

    return read


def _model(path: str | Path) -> Any:
    """Return a model on one thread; onnxruntime takes its number when graphs are opened."""
    if not (Path(path) / MANIFEST).is_file():
        return load(path, device="cpu")
    runner = open_folder(path, device="cpu", threads=1)
    if isinstance(runner, RecognizerRunner):
        return WordReader(runner)
    return ImageReader(Chain(runner, None, Views(), Straightening(), 1))


def _line(line: Line) -> dict[str, Any]:
    """Return a line: the rectangle around its words, their texts, the mean of their scores."""
    polygons = [word.polygon for word in line.words]
    box = polygons[0] if len(polygons) == 1 else min_area_rect(np.concatenate(polygons))[0]
    score = np.mean([word.score for word in line.words])
    return {"box": rounded(box), "txt": line.text, "score": rounded(score, 3)}


def _word(word: Word) -> list[Any]:
    return [word.text or "", rounded(word.score, 3), rounded(word.polygon)]
