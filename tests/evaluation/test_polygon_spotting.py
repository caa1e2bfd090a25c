import io
import json

import numpy as np
import pytest
from scipy.io import savemat

from tcm.errors import DataError
from tcm.evaluation.polygon_spotting import CTW1500EndToEnd, TotalTextEndToEnd
from tests.conftest import oracle_file
from tests.evaluation.helpers import make_zip

FOLDER = "recognition_scoring/C_scoring/polygon_spotting"
BOX = "0,9,9,9,9,0,0,0"


@pytest.mark.parametrize("mode", ["end_to_end", "word_spotting"])
@pytest.mark.parametrize("protocol", [TotalTextEndToEnd, CTW1500EndToEnd])
def test_figures_are_those_of_the_script(protocol, mode):
    case = json.loads(oracle_file(f"{FOLDER}/expected.json").read_text(encoding="utf-8"))[mode]
    files = [oracle_file(f"{FOLDER}/{name}.zip") for name in ("gt", "det")]
    scores = protocol(mode=mode).evaluate_archives(*files)
    for found, official in (
        (scores, case["e2e_method"]),
        (scores.also[0], case["det_only_method"]),
    ):
        for figure in ("precision", "recall", "hmean"):
            assert getattr(found, figure) == pytest.approx(official[figure], abs=1e-9)
    assert len(scores.images) == len(case["per_sample"])
    for image in scores.images:
        official = case["per_sample"][image.name.zfill(len(next(iter(case["per_sample"]))))]
        for figure in ("precision", "recall", "hmean"):
            assert getattr(image, figure) == pytest.approx(official[figure], abs=1e-9)
        assert np.flatnonzero(image.ignored_truths).tolist() == official["gtDontCare"]
        assert np.flatnonzero(image.ignored_detections).tolist() == official["detDontCare"]


def test_each_set_is_scored_in_the_mode_of_the_field():
    assert TotalTextEndToEnd().protocol.startswith("Total-Text word-spotting: ")
    assert CTW1500EndToEnd().protocol.startswith("CTW1500 end-to-end: ")


@pytest.mark.parametrize("name", ["0000007.txt", "7.txt", "gt_img7.txt", "poly_gt_img7.txt"])
def test_images_are_known_by_their_number(tmp_path, name):
    gt = make_zip(tmp_path / "gt.zip", {name: f"{BOX},####Word"})
    found = make_zip(tmp_path / "det.zip", {"0000007.txt": f"{BOX},####word"})
    scores = TotalTextEndToEnd().evaluate_archives(gt, found)
    assert [(image.name, len(image.pairs)) for image in scores.images] == [("7", 1)]


def test_a_result_needs_the_marks_before_its_text(tmp_path):
    gt = make_zip(tmp_path / "gt.zip", {"1.txt": f"{BOX},####Word"})
    found = make_zip(tmp_path / "det.zip", {"1.txt": BOX})
    with pytest.raises(DataError, match="det.zip/1.txt:1: 'x1,y1,x2,y2,...,####text' is"):
        CTW1500EndToEnd().evaluate_archives(gt, found)


def mat(path):
    cells = np.empty((3, 6), object)
    for row, (text, mark) in enumerate((("Word", "h"), ("#", "#"), ("#", "c"))):
        x = np.array([[0, 9, 9, 0]], np.int16) + 20 * row
        cells[row] = ["x:", x, "y:", np.array([[0, 0, 9, 9]], np.int16), text, mark]
    stream = io.BytesIO()
    savemat(stream, {"polygt": cells})
    return make_zip(path, {"poly_gt_img1.mat": stream.getvalue()})


def text(path):
    rows = (("0 9 9 0", "h", "u'Word'"), ("20 29 29 20", "#", "u'#'"), ("40 49 49 40", "c", "'#'"))
    lines = [
        f"x: [[{x}]], y: [[0 0 9 9]], ornt: [u'{mark}'], transcriptions: [{word}]\n"
        for x, mark, word in rows
    ]
    return make_zip(path, {"poly_gt_img1.txt": "".join(lines)})


@pytest.mark.parametrize("write", [mat, text])
def test_total_texts_own_annotations_have_their_texts(tmp_path, write):
    (truths,) = TotalTextEndToEnd().read_truths(write(tmp_path / "gt.zip")).values()
    assert truths.texts == ["Word", "#", "#"]
    assert truths.ignored.tolist() == [False, True, True]
