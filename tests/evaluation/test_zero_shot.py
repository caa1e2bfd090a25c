"""Zero-shot classification from the scores of labels."""

import numpy as np
import pytest

from tcm.errors import DataError
from tcm.registry import METRICS
from tcm.structures import TextInstances

SQUARE = np.array([[0, 0], [8, 0], [8, 8], [0, 8]])
LABELS = ["text", "no text", "exit", "open", "salt", "wine"]


def _found(*scores):
    return TextInstances([SQUARE] * len(LABELS), LABELS, scores=np.array(scores))


def _truth(word):
    return TextInstances([SQUARE], [word]) if word else TextInstances()


def _scores(pairs, **arguments):
    metric = METRICS.build(
        {"type": "ZeroShot", "choices": 2, "unseen": ["salt", "wine"]} | arguments
    )
    found, words = zip(*pairs, strict=True)
    return metric.evaluate(found, [_truth(word) for word in words])


def test_presence_and_words_are_counted():
    scores = _scores(
        [
            (_found(0.9, 0.1, 0.8, 0.2, 0.99, 0.99), "Exit"),  # right: salt is no choice of it
            (_found(0.1, 0.9, 0.8, 0.2, 0.0, 0.0), "open"),  # wrong both times
            (_found(0.2, 0.3, 0.0, 0.0, 0.0, 0.0), None),  # rightly none
            (_found(0.9, 0.1, 0.0, 0.0, 0.4, 0.6), "wine"),
        ]
    )
    assert scores.headline == {"presence": 0.75, "word": 0.5}
    assert scores.as_dict()["unseen_word"] == 1.0
    assert (scores.words, scores.unseen_words, scores.images) == (2, 1, 4)


def test_a_tie_is_no_answer():
    assert _scores([(_found(*[0.5] * 6), "exit")]).headline == {"presence": 0.0, "word": 0.0}


def test_chance_is_a_share_of_the_choices():
    rng = np.random.default_rng(0)
    labels = ["text", "no text", *(f"w{i}" for i in range(40))]
    polygons = [SQUARE] * len(labels)
    found = [TextInstances(polygons, labels, scores=rng.random(42)) for _ in range(1000)]
    truths = [_truth(f"w{i % 40}") for i in range(1000)]
    scores = METRICS.build({"type": "ZeroShot"}).evaluate(found, truths)
    assert scores.word == pytest.approx(0.1, abs=0.03)


def test_an_unknown_word_and_too_few_are_named():
    with pytest.raises(DataError, match="'exot' is no label of the model; did you mean 'exit'"):
        _scores([(_found(*[0.5] * 6), "exot")])
    with pytest.raises(DataError, match="3 words are wanted"):
        _scores([(_found(*[0.5] * 6), "exit")], choices=3)
    with pytest.raises(DataError, match="no label of the model is 'words'"):
        _scores([(_found(*[0.5] * 6), "exit")], text="words")
