"""HierText: words, lines and paragraphs on hand-made pages."""

import gzip
import json

import numpy as np
import pytest

from tcm.errors import DataError
from tcm.evaluation.hiertext import HierText
from tcm.structures import TextInstances


def box(left, top, right, bottom):
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def word(*place, text="a", legible=True):
    return {"vertices": box(*place), "text": text, "legible": legible}


def line(*words, legible=True, place=(0, 0, 90, 90), text="a"):
    whole = {"vertices": box(*place), "legible": legible, "text": text}
    return {**whole, "words": list(words)}


def paragraph(*lines, legible=True, place=(0, 0, 90, 90)):
    return {"vertices": box(*place), "legible": legible, "lines": list(lines)}


def write(path, *paragraphs):
    image = {"image_id": "x", "image_width": 100, "image_height": 100}
    content = json.dumps({"annotations": [{**image, "paragraphs": list(paragraphs)}]})
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(content.encode()))
    else:
        path.write_text(content)
    return path


def words(*places, texts=None, legible=None):
    flags = None if legible is None else ~np.array(legible)
    outlines = [np.array(box(*place), np.float32) for place in places]
    return TextInstances(outlines, texts=texts, ignored=flags)


def figures(scores):
    return scores.matched, scores.truths, scores.detections


def test_an_iou_of_one_half_matches_and_quality_is_hmean_times_tightness():
    scores = HierText().evaluate([words((0, 0, 10, 20))], [words((0, 0, 10, 10))])
    assert (scores.hmean, scores.tightness, scores.quality) == (1, 0.5, 0.5)
    assert list(scores.headline)[-1] == "hmean"


def test_pairs_are_each_other_s_best_and_a_second_best_gets_nothing():
    truth = words((0, 0, 10, 10))
    better_later = words((0, 0, 10, 12), (0, 0, 10, 10))
    scores = HierText().evaluate([better_later], [truth])
    assert (scores.matched, scores.detections, scores.tightness) == (1, 2, 1)
    # The second detection's best text is taken by a better one: it gets no other.
    twice = words((0, 0, 10, 10), (0, 0, 10, 14))
    found = words((0, 0, 10, 11), (0, 0, 10, 10))
    assert HierText().evaluate([found], [twice]).matched == 1


def test_half_of_a_detection_in_an_illegible_word_leaves_it_out():
    truth = words((0, 0, 5, 10), legible=[False])
    assert HierText().evaluate([words((0, 0, 10, 10))], [truth]).detections == 0
    assert HierText().evaluate([words((0, 0, 11, 10))], [truth]).detections == 1


def test_nothing_to_find_and_nothing_found_is_one():
    scores = HierText().evaluate([TextInstances([])], [TextInstances([])])
    assert (scores.precision, scores.recall, scores.quality) == (1, 1, 0)


def test_texts_must_be_equal_to_the_letter_if_they_count():
    truth, found = words((0, 0, 9, 9), texts=["Word."]), words((0, 0, 9, 9), texts=["word."])
    assert HierText(texts=True).evaluate([found], [truth]).matched == 0
    assert HierText(texts=True).evaluate([truth], [truth]).matched == 1


@pytest.mark.parametrize("name", ["gt.json", "gt.jsonl", "gt.jsonl.gz"])
def test_lines_and_paragraphs_are_the_pixels_of_their_words(tmp_path, name):
    two = [word(0, 0, 19, 9), word(40, 0, 59, 9)]
    gt = write(tmp_path / name, paragraph(line(*two), line(word(0, 20, 19, 29))))
    single = [paragraph(line(one)) for one in (*two, word(0, 20, 19, 29))]
    pred = write(tmp_path / "pred.jsonl", *single)
    scores = HierText().evaluate_archives(gt, pred)
    lines, paragraphs = scores.also
    assert figures(scores) == (3, 3, 3) and scores.quality == 1
    assert figures(lines) == (2, 2, 3)  # half a line is an IoU of exactly one half
    assert lines.overlap == pytest.approx(1.5)
    assert figures(paragraphs) == (0, 1, 3)
    assert [s.protocol.split(":")[0] for s in scores.also] == [
        "HierText lines",
        "HierText paragraphs",
    ]


def test_outlines_of_their_own_for_lines_without_words_and_illegible_paragraphs(tmp_path):
    bare = line(place=(50, 50, 69, 59), legible=False)
    illegible = paragraph(bare, legible=False, place=(50, 50, 99, 99))
    gt = write(tmp_path / "gt.jsonl", paragraph(line(word(0, 0, 19, 9))), illegible)
    inside = paragraph(line(word(55, 55, 64, 58)))
    pred = write(tmp_path / "pred.jsonl", paragraph(line(word(0, 0, 19, 9))), inside)
    words_, lines, paragraphs = (s := HierText().evaluate_archives(gt, pred)), *s.also
    assert figures(words_) == (1, 1, 2)  # no word is there to be illegible
    assert figures(lines) == figures(paragraphs) == (1, 1, 1)


@pytest.mark.parametrize(
    "paragraphs, message",
    [
        ([paragraph(line())], r"annotations\[0\].paragraphs\[0\].lines\[0\]: it has no words"),
        ([{"lines": 3}], r"paragraphs\[0\]: 'lines' of type list is wanted, got 3"),
        ([paragraph(line({"vertices": [[0], [1]]}))], r"words\[0\]: vertices \[x, y\] are wanted"),
    ],
)
def test_malformed_results_name_the_place(tmp_path, paragraphs, message):
    gt = write(tmp_path / "gt.jsonl", paragraph(line(word(0, 0, 9, 9))))
    with pytest.raises(DataError, match=message):
        HierText().evaluate_archives(gt, write(tmp_path / "pred.jsonl", *paragraphs))


def test_a_damaged_gzip_file_is_named(tmp_path):
    path = write(tmp_path / "gt.jsonl.gz", paragraph())
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(DataError, match=r"gt.jsonl.gz"):
        HierText().evaluate_archives(path, path)
