"""Answers of a recognizer's decoder as arrays: where texts end, and how sure they are.

Shapes: N texts, S steps, C classes.
"""

import numpy as np

_SURE = 100.0  # a logit


def behind_end(ids: np.ndarray, eos: int) -> np.ndarray:
    """Return which ids (N, S) stand behind the first end of their text, bool (N, S)."""
    is_end = ids == eos
    return is_end.cumsum(1) - is_end > 0


def ended_once(logits: np.ndarray, eos: int) -> np.ndarray:
    """Return logits (N, S', C) up to the end of the longest text, behind each end those of an end.

    Args:
        logits: (N, S, C); what stands behind a text's end does not matter.
        eos: Class of the end.
    """
    behind = behind_end(logits.argmax(-1), eos)
    end = np.full(logits.shape[2], -_SURE, logits.dtype)
    end[eos] = _SURE
    longest = int((~behind).any(0).sum())
    return np.where(behind[..., None], end, logits)[:, :longest]


def most_likely(logits: np.ndarray, eos: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the best ids int64 (N, S) of logits (N, S, C), and confidences (N,).

    The confidence is the product of the probabilities up to and including the end.
    """
    ids = logits.argmax(-1)
    best = 1.0 / np.exp(logits - logits.max(-1, keepdims=True)).sum(-1)
    return ids, np.where(behind_end(ids, eos), 1.0, best).prod(1)
