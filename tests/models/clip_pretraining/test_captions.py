"""Captions of samples, as tokens."""

import numpy as np
import pytest
from open_clip.tokenizer import SimpleTokenizer

from tcm.registry import TRANSFORMS
from tcm.structures import Sample, TextInstances

RNG = np.random.default_rng(0)
SQUARE = np.array([[0, 0], [8, 0], [8, 8], [0, 8]])


def _sample(texts, ignored=None):
    found = TextInstances([SQUARE] * len(texts), texts, ignored)
    return Sample(np.zeros((8, 8, 3), np.uint8), "image", found)


def _targets(**arguments):
    return TRANSFORMS.build({"type": "CaptionTargets", **arguments})


def test_a_caption_becomes_open_clips_ids():
    made = _targets(context_length=20)(_sample(["A sign that says Exit"]), RNG)
    assert made.maps["caption_rows"].dtype == np.int64
    expected = SimpleTokenizer()(["A sign that says Exit"], 20)
    np.testing.assert_array_equal(made.maps["caption_rows"], expected)


def test_the_smallest_table_has_a_token_a_letter():
    rows = _targets(context_length=8, vocab_size=514)(_sample(["exit"]), RNG).maps
    ids = rows["caption_rows"][0].tolist()
    assert ids[0] == 512 and ids[5] == 513 and ids[6:] == [0, 0]
    assert len(set(ids[1:5])) == 4 and ids[4] - 256 in range(256)  # the last one ends the word


@pytest.mark.parametrize(
    ("texts", "ignored", "caption"),
    [
        (["one", "two", "three"], None, "it says one two"),
        ([None, "two"], [True, False], "it says two"),
        ([None], [True], "something"),
        ([], None, "nothing"),
    ],
)
def test_the_captions_of_a_scene(texts, ignored, caption):
    words = {"templates": ["it says {}"], "unread": ["something"], "empty": ["nothing"], "most": 2}
    assert _targets(**words).caption(_sample(texts, ignored), RNG) == caption
