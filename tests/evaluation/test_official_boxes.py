"""ICDAR2015's official case in the files of the other protocols that have its rule."""

import json
import zipfile

import pytest

from tcm.annotations.texts import unquoted
from tcm.evaluation.protocols import build_protocol
from tests.conftest import oracle_file
from tests.evaluation.helpers import counts, make_zip

FOLDER = "recognition_scoring/C_scoring/icdar2015_detection"


def lines(archive, prefix):
    """By image the lines of a zip, each as its eight coordinates and its text, if it has one."""
    with zipfile.ZipFile(oracle_file(f"{FOLDER}/{archive}")) as source:
        return {
            name.removeprefix(prefix).removesuffix(".txt"): [
                (line.split(",")[:8], unquoted(",".join(line.split(",")[8:])))
                for line in source.read(name).decode("utf-8-sig").replace("\r", "").split("\n")
                if line
            ]
            for name in source.namelist()
        }


def mlt(box, text):
    return f"{','.join(box)},Latin,{text}"


def marked(box, text):
    return f"{','.join(box)},####{text}"


def entry(box, text):
    xs, ys = (" ".join(part.strip() for part in box[i::2]) for i in (0, 1))
    mark = "#" if text == "###" else "c"
    return f"x: [[{xs}]], y: [[{ys}]], ornt: [u'{mark}'], transcriptions: [u'word']"


@pytest.mark.parametrize(
    "name, options, truth, truth_name, result_name",
    [
        ("icdar2017-mlt", {}, mlt, "gt_img_{}.txt", "res_img_{}.txt"),
        ("ctw1500", {}, marked, "{}.txt", "{}.txt"),
        ("totaltext-iou", {"order": "xy"}, entry, "poly_gt_img{}.txt", "img{}.txt"),
    ],
)
def test_the_counts_are_the_official_ones(tmp_path, name, options, truth, truth_name, result_name):
    truths = {
        truth_name.format(number): "\n".join(truth(*line) for line in found)
        for number, found in lines("gt.zip", "gt_img_").items()
    }
    results = {
        result_name.format(number): "\n".join(",".join(box) for box, _ in found)
        for number, found in lines("submit.zip", "res_img_").items()
    }
    paths = make_zip(tmp_path / "gt.zip", truths), make_zip(tmp_path / "s.zip", results)
    expected = json.loads(oracle_file(f"{FOLDER}/expected.json").read_text(encoding="utf-8"))
    official = expected["plain"]["counts"]
    scores = build_protocol(name, options).evaluate_archives(*paths, "all")
    assert counts(scores) == tuple(official[key] for key in ("matched", "care_gt", "care_det"))
