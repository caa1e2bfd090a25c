"""rapidocr 3.x with its defaults, on one thread; the results are what its ``to_json`` gives."""

from collections.abc import Callable
from typing import Any

from rapidocr import RapidOCR

from benchmarks.scoreboard.readers import rounded

_ONE_THREAD = {
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}


def scenes(return_word_box: bool = True) -> Callable[[str], dict[str, Any]]:
    """Return what reads a scene: lines, and the words of each line."""
    engine = RapidOCR(params=_ONE_THREAD)

    def read(path: str) -> dict[str, Any]:
        found = engine(path, return_word_box=return_word_box)
        lines = found.to_json() if len(found) else []
        result = [{**one, "box": rounded(one["box"]), "score": _score(one)} for one in lines]
        if not return_word_box:
            return {"result": result}
        words = found.word_results if lines else []
        return {"result": result, "word_results": [list(map(_word, line)) for line in words]}

    return read


def words() -> Callable[[str], dict[str, Any]]:
    """Return what reads the crop of a word by the recogniser alone."""
    engine = RapidOCR(params=_ONE_THREAD)

    def read(path: str) -> dict[str, Any]:
        found = engine(path, use_det=False, use_cls=False, use_rec=True)
        pairs = zip(found.txts or (), found.scores or (), strict=True)
        return {"result": [{"txt": txt, "score": rounded(score, 3)} for txt, score in pairs]}

    return read


def _score(line: dict[str, Any]) -> float:
    return float(rounded(line["score"], 3))


def _word(word: Any) -> list[Any]:
    text, score, box = word
    return [text, rounded(score, 3), rounded(box)]
