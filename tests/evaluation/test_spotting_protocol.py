"""What the end-to-end protocols share: texts in memory, lexicons, thresholds, the two scores."""

import json
import random

import numpy as np
import pytest

from tcm.annotations.files import read_text
from tcm.errors import ConfigError, DataError
from tcm.evaluation.files.archives import read_archive
from tcm.evaluation.files.unified import write_predictions
from tcm.evaluation.matching.image_pair import Annotations
from tcm.evaluation.protocols import build_protocol
from tcm.evaluation.reading.spotting import hallucinated
from tcm.structures import TextInstances
from tests.conftest import real_data
from tests.evaluation.helpers import counts, make_zip, square

EACH = pytest.mark.parametrize("name", ["icdar2015-e2e", "totaltext-e2e", "ctw1500-e2e"])


def words(*texts, ignored=(), scores=None):
    """Squares in a row with texts."""
    flags = np.isin(np.arange(len(texts)), ignored)
    return TextInstances([square(20 * i) for i in range(len(texts))], list(texts), flags, scores)


@EACH
def test_a_wrong_text_uses_its_pair_up_and_counts_for_the_outlines(name):
    truth, found = words("Hotel", "Cafe", "###"), words("hotel", "care", "x")
    scores = build_protocol(name).evaluate([found], [truth])
    assert counts(scores) == (1, 2, 2)
    assert counts(scores.also[0]) == (2, 2, 2)
    assert "detection only" in scores.also[0].protocol
    twice = TextInstances([square(0), square(0)], texts=["cafe", "hotel"])
    assert build_protocol(name).evaluate([twice], [words("Hotel")]).matched == 0


@EACH
def test_word_spotting_counts_dictionary_words_and_the_outlines_all(name):
    truth, found = words("Hotel!", "24h", "ab"), words("hotel", "24h", "ab")
    scores = build_protocol(name, {"mode": "word_spotting"}).evaluate([found], [truth])
    assert counts(scores) == (1, 1, 1)
    assert counts(scores.also[0]) == (3, 3, 3)


@EACH
def test_a_missing_text_is_wrong_in_a_prediction_and_an_error_in_the_truth(name):
    assert build_protocol(name).evaluate([words(None)], [words("Hotel")]).matched == 0
    with pytest.raises(DataError, match="0: ground truth 1 has no text"):
        build_protocol(name).evaluate([words("a", "b")], [words("Hotel", None)])
    assert build_protocol(name).evaluate([words("a")], [words(None, ignored=[0])]).truths == 0


def test_a_unified_truth_without_texts_is_named(tmp_path):
    content = {"data_list": [{"img_path": "img_1.jpg", "instances": [{"bbox": [0, 0, 9, 9]}]}]}
    (tmp_path / "gt.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match="gt.json: image 1: ground truth 0 has no text"):
        build_protocol("icdar2015-e2e").evaluate_archives(
            tmp_path / "gt.json", tmp_path / "gt.json"
        )


@pytest.fixture
def strong(tmp_path):
    """A strong lexicon of two images, with one pair list."""
    files = {
        "voc_img_1.txt": "\ufeffHOTEL\r\nEXIT\r\n",
        "voc_img_2.txt": "MARKET",
        "pair_voc_img_2.txt": "MARKET Market,",
    }
    return {"lexicon": "strong", "lexicon_path": make_zip(tmp_path / "strong.zip", files)}


def test_each_image_is_corrected_by_its_own_words(strong, tmp_path):
    truths = [words("Hotel", "Exit"), words("Market,")]
    found = [words("hote1", "market"), words("marke7")]
    metric = build_protocol("icdar2015-e2e", strong)
    names = ["a/img_1.jpg", "a/img_2.jpg"]
    scores = metric.evaluate(found, truths, names)
    # "market" is far from the words of its image and dropped; "marke7" becomes "Market,".
    assert counts(scores) == (2, 3, 2)
    assert "strong lexicon by the rule adelaidet (nearest word, dropped from" in scores.protocol
    assert "3 words of 2 images, 1 of them in a pair list" in scores.notes[-1]
    backward = metric.evaluate(found[::-1], truths[::-1], names[::-1])
    assert backward.as_dict() == scores.as_dict()
    testr = build_protocol("icdar2015-e2e", {**strong, "correction": "testr"})
    assert "rule testr" in testr.evaluate(found, truths, names).protocol


def test_the_submission_is_corrected_and_scores_alike(strong, tmp_path):
    metric = build_protocol("icdar2015-e2e", strong)
    truths, found = [words("Hotel"), words("Market,")], [words("hote1", "far"), words("marke7")]
    names = ["img_1.jpg", "img_2.jpg"]
    metric.submission_writer(tmp_path / "s.zip", names, found)
    rows = {k: file.content for k, file in read_archive(tmp_path / "s.zip", "(.*)", "skip").items()}
    assert rows["res_img_1.txt"] == "0,0,10,0,10,10,0,10,HOTEL\n"
    assert rows["res_img_2.txt"] == "0,0,10,0,10,10,0,10,Market,\n"
    write_predictions(tmp_path / "gt.json", names, truths)
    write_predictions(tmp_path / "pred.json", names, found)
    in_memory = metric.evaluate(found, truths, names).as_dict()
    # A corrected text is its own nearest word.
    for file in ("pred.json", "s.zip"):
        plain = metric.evaluate_archives(tmp_path / "gt.json", tmp_path / file)
        assert plain.as_dict() == in_memory


def test_a_strong_lexicon_needs_names_that_it_knows(strong):
    metric = build_protocol("icdar2015-e2e", strong)
    with pytest.raises(DataError, match="prediction 0: the strong lexicon is one per image"):
        metric.evaluate([words("a")], [words("a")])
    with pytest.raises(DataError, match="photo.jpg: .*no voc_img_photo.txt for the image photo"):
        metric.evaluate([words("a")], [words("a")], ["photo.jpg"])


def test_a_full_lexicon_serves_every_image(tmp_path):
    (tmp_path / "weak_voc_new.txt").write_text("hotel\nmarket\n")
    (tmp_path / "weak_voc_pair_list.txt").write_text("HOTEL Hotel\nMARKET Market\n")
    options = {"lexicon": "full", "lexicon_path": str(tmp_path)}
    truth, found = words("Hotel", "Market"), words("hot3l", "m4rk3t")
    for rule, matched in (("adelaidet", 1), ("masktextspotter", 1), ("testr", 2)):
        metric = build_protocol("totaltext-e2e", {**options, "correction": rule})
        assert counts(metric.evaluate([found], [truth])) == (matched, 2, matched)


def test_low_scores_are_left_out_before():
    truth, found = words("Hotel", "Exit"), words("hotel", "exit", scores=[0.45, 0.4])
    metric = build_protocol("icdar2015-e2e", {"min_score": 0.45})
    assert counts(metric.evaluate([found], [truth])) == (1, 2, 1)
    assert metric.protocol.endswith("no lexicon, scores from 0.45 on")
    with pytest.raises(DataError, match="no scores, and min_score is set"):
        metric.evaluate([words("a")], [truth])


def test_confidences_rank_and_must_be_there():
    metric = build_protocol("ctw1500-e2e", {"confidences": True})
    twice = TextInstances([square(0), square(0)], texts=["care", "cafe"], scores=[0.4, 0.8])
    scores = metric.evaluate([twice], [words("Cafe")])
    assert (scores.matched, scores.average_precision) == (1, 1)
    with pytest.raises(DataError, match="prediction 0 has no scores; CTW1500EndToEnd with"):
        metric.evaluate([words("a")], [words("a")])


def test_self_crossing_outlines_may_be_left_out():
    bow_tie = np.array([[0, 0], [10, 10], [10, 0], [0, 10]])
    found = TextInstances([bow_tie, square(0)], texts=["x", "hotel"])
    assert build_protocol("ctw1500-e2e").evaluate([found], [words("Hotel")]).matched == 0
    metric = build_protocol("ctw1500-e2e", {"skip_invalid": True})
    assert counts(metric.evaluate([found], [words("Hotel")])) == (1, 1, 1)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"mode": "e2e"}, "mode: .* got 'e2e'"),
        ({"lexicon": "weka"}, "lexicon: unknown 'weka'; did you mean 'weak'.*ICDAR2015 has none"),
        ({"lexicon": "full"}, "ICDAR2015 has none, strong, weak, generic"),
        ({"lexicon": "weak"}, "lexicon_path: the weak lexicon needs a file or a folder"),
        ({"lexicon_path": "x"}, "lexicon_path: it needs 'lexicon'"),
        ({"correction": "testt"}, "correction: unknown 'testt'; did you mean 'testr'"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ConfigError, match=message):
        build_protocol("icdar2015-e2e", options)


def noisy(rng, text):
    """A text with one character replaced, inserted or deleted, or none."""
    place = rng.randrange(len(text))
    kind = rng.randrange(4)
    other = rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return text[:place] + ("", other, other, "")[kind] + text[place + (kind < 2) :]


def test_real_ground_truth_with_noise_is_corrected_by_each_lexicon():
    """On some images of ICDAR2015; the stronger the lexicon, the more texts come back."""
    data = real_data("icdar2015")
    rng = random.Random(0)
    names, truths, found = [], [], []
    reader = build_protocol("icdar2015-e2e")
    for number in range(1, 41):
        file = f"gt_img_{number}.txt"
        path = data / "Challenge4_Test_Task1_GT" / file
        annotated = Annotations.of_parsed(reader.parse_truths(read_text(path), strict=True))
        names.append(f"img_{number}.jpg")
        truths.append(TextInstances(annotated.polygons, annotated.texts, annotated.ignored))
        found.append(
            TextInstances(annotated.polygons, [noisy(rng, text) for text in annotated.texts])
        )
    matched = {}
    for kind in ("none", "generic", "weak", "strong"):
        path = {} if kind == "none" else {"lexicon_path": data / "lexicons"}
        metric = build_protocol("icdar2015-e2e", {"lexicon": kind, **path})
        matched[kind] = metric.evaluate(found, truths, names).matched
    assert matched["none"] < matched["generic"] < matched["weak"] <= matched["strong"]


def test_words_that_are_no_text_of_their_image_are_hallucinated():
    truth = words("Exit!", "###", "Open")
    found = TextInstances([square(20 * i) for i in (5, 6, 1, 7)], ["EXIT", "fire", "way", ""])
    scores = build_protocol("icdar2015-e2e").evaluate([found], [truth])
    # EXIT is there, if elsewhere; what lies on a don't-care text or has no text is no word.
    assert hallucinated(scores.images) == (1, 2)
