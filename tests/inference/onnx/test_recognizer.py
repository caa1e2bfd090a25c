"""The host's part of reading exported recognizers: the answers are those of the network."""

import copy
import itertools

import numpy as np
import pytest

from tcm.errors import ConfigError, DataError, TCMError
from tcm.inference.onnx.how import How
from tests.inference.onnx.graphs import (
    GraphSession,
    assert_equal,
    crops,
    recognizer,
    settings,
    tiny_clip4str,
    tiny_parseq,
)
from tests.models.recognizers.clip4str.tiny import SIZE, set_reading

WAYS = list(itertools.product((True, False), (0, 1, 2)))


@pytest.fixture(scope="module")
def parseq():
    return tiny_parseq()


@pytest.fixture(scope="module")
def clip4str():
    return tiny_clip4str()


@pytest.mark.parametrize(("decode_ar", "refine_iters"), WAYS)
def test_parseq(parseq, decode_ar, refine_iters):
    parseq.decode_ar, parseq.refine_iters = decode_ar, refine_iters
    reader = recognizer(parseq)
    for count in (1, 3, 9):
        texts = assert_equal(parseq, reader, count)
    assert len(set(texts)) > 3


@pytest.mark.parametrize("step_budget", ["own", "visual"])
@pytest.mark.parametrize(("decode_ar", "refine_iters"), WAYS[:2] + WAYS[3:])
def test_clip4str(clip4str, decode_ar, refine_iters, step_budget):
    set_reading(clip4str, decode_ar, refine_iters, step_budget=step_budget)
    reader = recognizer(clip4str)
    for count in (1, 5):
        assert_equal(clip4str, reader, count)


def test_what_is_chosen_when_it_is_loaded_comes_before_the_config(clip4str):
    set_reading(clip4str)
    reader = recognizer(clip4str, decode_ar=False, refine_iters=2, output="visual")
    visual = copy.deepcopy(clip4str)
    set_reading(visual, False, 2, "visual")
    assert_equal(visual, reader, 3)
    assert_equal(visual, recognizer(visual), 3)  # exported without the cross-modal branch
    with pytest.raises(ConfigError, match="no cross-modal branch"):
        recognizer(visual, output="cross")
    with pytest.raises(
        ConfigError, match="refine_iters: a whole number at least 0 is wanted, got -1"
    ):
        recognizer(clip4str, refine_iters=-1)


def test_texts_that_have_ended_are_not_read_on(parseq):
    parseq.decode_ar, parseq.refine_iters = True, 0
    sessions = {name: GraphSession(graph) for name, graph in parseq.graphs().items()}
    reader = recognizer(parseq, sessions)
    images = crops(16, SIZE)
    ends = sorted((len(r.text) + 1 for r in reader.read(images)), reverse=True)
    read = sessions["step"].batches
    assert ends[-1] < ends[0] and len(read) == min(ends[0], 26)
    for i, count in enumerate(read):
        left = sum(end > i for end in ends)
        assert left <= count and left > 0.75 * count


def test_what_is_not_finite_is_refused(parseq):
    broken = recognizer(parseq)
    broken._visual._refine = broken._visual._step = None
    broken.logits = lambda images: np.full((len(images), 4, 95), np.nan, np.float32)
    with pytest.raises(TCMError, match="tiny: the network's output is not finite"):
        broken.read(crops(2, SIZE))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"characters": "aa"}, "different characters are wanted"),
        ({"max_label_length": 0}, "max_label_length: a whole number at least 1"),
        ({"refine_iter": 1}, "did you mean 'refine_iters'"),
        ({"output": "cross"}, "no cross-modal branch"),
        ({"captions": {"characters": "ab"}}, "captions.*context_length"),
    ],
)
def test_what_a_folder_says_is_checked(parseq, change, message):
    content = {**settings(parseq), **change}
    with pytest.raises(DataError, match=f"(?s)^model.json: runtime.*{message}"):
        How.of_json(content, "model.json: runtime")
