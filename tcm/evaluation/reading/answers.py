"""What an answer in free text is worth, by the rules of OCRBench v2: recognition and grounding."""

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np
from rapidfuzz.distance import Levenshtein

Language = Literal["en", "zh"]

_SHORT = {"en": 5, "zh": 4}  # words, or parts between commas, from which on a text is long
_LEAST = 0.5  # similarity that counts
_BOX = re.compile(r"\d+(?:\s*,\s*\d+){3}")


def answer_score(
    answer: str, truths: Sequence[str], language: Language = "en", case_sensitive: bool = False
) -> float:
    """Return what an answer is worth for the best of several true ones, in [0, 1].

    A short true one must occur in the answer. For a long one it is 1 - edit distance over the
    length of the longer text, and 0 below a half.

    Args:
        answer: As the model gives it.
        truths: The true ones; an empty one is worth nothing.
        language: "en": short are less than five words. "zh": less than four parts between commas;
            blanks are taken out.
        case_sensitive: Whether the case of letters counts.
    """

    def normal(text: str) -> str:
        text = text.strip() if case_sensitive else text.strip().lower()
        return text.replace(" ", "") if language == "zh" else text

    def worth(truth: str) -> float:
        parts = truth.split("," if language == "zh" else None)
        if len(parts) < _SHORT[language]:
            return float(bool(truth) and truth in found)
        similarity = Levenshtein.normalized_similarity(truth, found)
        return similarity if similarity >= _LEAST else 0.0

    found = normal(answer)
    return max((worth(normal(truth)) for truth in truths), default=0.0)


def grounding_score(answer: str, box: Sequence[float]) -> float:
    """Return the IoU of a box with the last four whole numbers between commas of an answer.

    Args:
        answer: As the model gives it; without such numbers it is worth nothing.
        box: xmin, ymin, xmax, ymax in the range that the answer was asked for.
    """
    groups = _BOX.findall(answer)
    if not groups:
        return 0.0
    found, true = np.array(groups[-1].split(","), np.float64), np.asarray(box, np.float64)
    low, high = np.maximum(found[:2], true[:2]), np.minimum(found[2:], true[2:])
    inter = float(np.prod(np.maximum(high - low, 0)))
    areas = [float(np.prod(np.maximum(one[2:] - one[:2], 0))) for one in (found, true)]
    union = sum(areas) - inter
    return inter / union if union else 0.0
