"""Synthetic scenes with captions."""

import numpy as np
import pytest

from tcm.data.synth.captions import COLOURS
from tcm.errors import ConfigError
from tcm.registry import DATASETS

WORDS = ["exit", "open", "sale"]


def _build(**arguments):
    return DATASETS.build(
        {"type": "SyntheticCaptions", "words": WORDS, "size": [64, 64]} | arguments
    )


def test_an_image_depends_on_seed_and_index_alone():
    first, second, other = _build(seed=3), _build(seed=3), _build(seed=4)
    second.load(5)
    sample = first.load(7)
    np.testing.assert_array_equal(sample.image, second.load(7).image)
    assert sample.instances.texts == second.load(7).instances.texts
    assert not np.array_equal(sample.image, other.load(7).image)
    assert sample.path == first.ids[7] == "captions-3-000007"


def test_descriptions_have_the_words_but_for_the_plain_ones():
    says = [t for i in range(40) for t in _build(plain_ratio=0.0).load(i).instances.texts]
    assert len(says) > 20
    assert all(any(word in text.lower().split() for word in WORDS) for text in says)
    plain = [t for i in range(40) for t in _build(plain_ratio=1.0).load(i).instances.texts]
    assert not any(word in text.lower().split() for text in plain for word in WORDS)


def test_the_number_the_colour_and_the_shape_are_told():
    many = _build(plain_ratio=1.0, empty_ratio=0.0, words_per_image=[2, 2], text_height=[8, 12])
    texts = {t for i in range(200) for t in many.load(i).instances.texts}
    assert {"two words", "curved text", "straight text"} <= texts
    assert {f"{colour} text" for colour in COLOURS} & texts


def test_for_tests_the_caption_is_the_word():
    dataset = _build(caption="word", empty_ratio=0.5)
    texts = [dataset.load(i).instances.texts for i in range(40)]
    assert {t for found in texts for t in found} == set(WORDS)
    assert 10 <= sum(not found for found in texts) <= 30


def test_random_letters_take_the_place_of_words():
    dataset = _build(caption="word", random_ratio=1.0, empty_ratio=0.0)
    assert not {t for i in range(20) for t in dataset.load(i).instances.texts} & set(WORDS)


def test_words_that_cannot_be_drawn_are_named():
    with pytest.raises(ConfigError, match="字"):
        _build(words=["字"])
    with pytest.raises(ConfigError, match="none empty"):
        _build(words=[""])
