"""What became of texts is what the protocol's own matching says, for each protocol that can."""

import numpy as np
import pytest

from tcm.errors import ConfigError
from tcm.evaluation.protocols import PROTOCOLS, build_protocol
from tcm.evaluation.report.outcomes import EXPLAINED, outcomes_of
from tcm.structures import TextInstances
from tests.evaluation.helpers import random_scene, square, squares

BOW_TIE = np.array([[70, 0], [80, 10], [80, 0], [70, 10]], np.float32)


def with_texts(scene, text="abc"):
    for one in scene:
        one.texts = [text] * len(one)
    return scene


@pytest.mark.parametrize("name", EXPLAINED)
def test_the_sums_over_the_texts_are_the_figures(name):
    predictions, truths = map(with_texts, random_scene(np.random.default_rng(3), images=20))
    names = [f"img_{i}" for i in range(len(truths))]
    scores = build_protocol(name).evaluate(predictions, truths, names)
    outcomes = outcomes_of(scores)
    assert sum(int(one.found.sum()) for one in outcomes) == scores.matched > 0
    assert sum(int(one.right.sum()) for one in outcomes) == scores.matched
    assert sum(int(one.cared_truths.sum()) for one in outcomes) == scores.truths
    assert sum(int(one.cared_detections.sum()) for one in outcomes) == scores.detections
    assert sum(len(one.missed) for one in outcomes) == scores.truths - scores.matched
    assert sum(len(one.false) for one in outcomes) == scores.detections - scores.matched


@pytest.mark.parametrize("name", sorted(set(PROTOCOLS) - set(EXPLAINED) - {"words"}))
def test_protocols_without_pairs_say_so(name):
    found = squares(0, 20, scores=[0.9, 0.8])
    scores = build_protocol(name).evaluate([found], [squares(0, 40)], ["img_1"])
    with pytest.raises(ConfigError, match="no pairs of texts to show by the rule .* icdar2015, "):
        outcomes_of(scores)


@pytest.mark.parametrize(
    "name, options",
    [("msra-td500", {"rule": "angle"}), ("msra-td500", {"rule": "pan_pp"}), ("ctw1500-voc", {})],
)
def test_rules_without_pairs_say_so(name, options):
    scores = build_protocol(name, options).evaluate([squares(0, scores=[1])], [squares(0)], ["a"])
    with pytest.raises(ConfigError, match="no pairs of texts"):
        outcomes_of(scores)


def test_outlines_that_are_left_out_shift_nothing():
    truths = TextInstances([BOW_TIE, square(0), square(30)])
    protocol = build_protocol("icdar2015", {"skip_invalid": True})
    (outcome,) = outcomes_of(protocol.evaluate([squares(30)], [truths]))
    assert outcome.image.truths.polygons[outcome.missed[0]][0].tolist() == [0, 0]


def test_a_wrong_text_is_misread_and_neither_missed_nor_false():
    found, truth = squares(0, 30, 60), squares(0, 30, 90)
    found.texts, truth.texts = ["one", "tw0", "x"], ["one", "two", "three"]
    (outcome,) = outcomes_of(build_protocol("icdar2015-e2e").evaluate([found], [truth]))
    assert (list(outcome.pairs), list(outcome.misread)) == ([(0, 0)], [(1, 1)])
    assert (outcome.missed.tolist(), outcome.false.tolist()) == ([2], [2])


def test_what_is_no_word_does_not_count_in_word_spotting():
    truth = squares(0, 30)
    truth.texts = ["123", "word"]
    scores = build_protocol("icdar2015-word-spotting").evaluate([squares()], [truth])
    assert outcomes_of(scores)[0].missed.tolist() == [1]


def test_nothing_at_all_has_no_outcomes():
    assert outcomes_of(build_protocol("hmean-sweep").evaluate([], [])) == []
