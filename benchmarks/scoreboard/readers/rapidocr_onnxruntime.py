"""rapidocr-onnxruntime 1.4 with its defaults, on one thread; results as of rapidocr 3.x."""

from collections.abc import Callable
from typing import Any

from rapidocr_onnxruntime import RapidOCR

from benchmarks.scoreboard.readers import rounded


def scenes() -> Callable[[str], dict[str, Any]]:
    """Return what reads the lines of a scene."""
    engine = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)

    def read(path: str) -> dict[str, Any]:
        found, _ = engine(path)
        lines = found or []
        return {
            "result": [
                {"box": rounded(box), "txt": txt, "score": rounded(score, 3)}
                for box, txt, score in lines
            ]
        }

    return read


def words() -> Callable[[str], dict[str, Any]]:
    """Return what reads the crop of a word by the recogniser alone."""
    engine = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)

    def read(path: str) -> dict[str, Any]:
        found, _ = engine(path, use_det=False, use_cls=False, use_rec=True)
        pairs = found or []
        return {"result": [{"txt": txt, "score": rounded(score, 3)} for txt, score in pairs]}

    return read
