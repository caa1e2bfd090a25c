import json
import zipfile

import numpy as np
import pytest

from tcm.errors import DataError
from tcm.evaluation.files.submission import rounded_quad
from tcm.evaluation.files.unified import write_predictions
from tcm.evaluation.icdar2015 import ICDAR2015
from tcm.geometry.polygons import signed_area
from tcm.structures import TextInstances
from tests.evaluation.helpers import make_zip, random_scene, square, squares


def write_submission(path, names, predictions, confidences=False):
    ICDAR2015(confidences=confidences).submission_writer(path, names, predictions)


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def write_truths(path, truths):
    files = {}
    for number, truth in enumerate(truths, 1):
        rows = [
            ",".join(map(str, p.astype(int).ravel())) + (",###" if flag else ",word")
            for p, flag in zip(truth.polygons, truth.ignored, strict=True)
        ]
        files[f"gt_img_{number}.txt"] = "\n".join(rows)
    return make_zip(path, files)


@pytest.mark.parametrize("confidences", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_memory_and_the_written_zip_score_alike(tmp_path, confidences, seed):
    predictions, truths = random_scene(np.random.default_rng(seed), images=11)
    gt, submit = write_truths(tmp_path / "gt.zip", truths), tmp_path / "submit.zip"
    names = [f"test/img_{number}.jpg" for number in range(1, len(truths) + 1)]
    write_submission(submit, names, predictions, confidences)
    metric = ICDAR2015(confidences=confidences)
    in_memory = metric.evaluate(predictions, truths)
    assert metric.evaluate_archives(gt, submit).as_dict() == in_memory.as_dict()
    assert in_memory.matched > 0
    pairs = [image.pairs for image in metric.evaluate_archives(gt, submit).images]
    assert pairs == [image.pairs for image in in_memory.images]


def test_the_lines_are_rounded_clockwise_and_not_clipped(tmp_path):
    corners = np.array([[-3.4, 0.6], [-3.4, 9.7], [12.2, 9.7], [12.2, 0.6]])
    found = TextInstances([corners], scores=[0.1])
    write_submission(tmp_path / "a.zip", ["img_7.jpg", "img_12.png"], [found, squares()])
    assert members(tmp_path / "a.zip") == {
        "res_img_7.txt": "-3,1,12,1,12,10,-3,10\n",
        "res_img_12.txt": "",
    }
    write_submission(tmp_path / "b.zip", ["img_7.jpg"], [found], confidences=True)
    assert members(tmp_path / "b.zip")["res_img_7.txt"] == "-3,1,12,1,12,10,-3,10,0.1\n"


def test_all_confidences_read_back_as_the_same_float32(tmp_path):
    scores = np.array([0, 1, 1e-8, 1e-30, 0.3, np.nextafter(np.float32(0.5), 1)], np.float32)
    write_submission(tmp_path / "a.zip", ["img_1.jpg"], [squares(*range(6), scores=scores)], True)
    rows = members(tmp_path / "a.zip")["res_img_1.txt"].splitlines()
    texts = [row.rpartition(",")[2] for row in rows]
    assert not any("e" in text for text in texts)
    np.testing.assert_array_equal(np.array(texts, np.float32), scores)


def test_other_point_counts_become_the_rectangle_of_least_area():
    diamond = np.array([[10, 0], [20, 10], [10, 20], [0, 10]], float)
    octagon = np.insert(diamond, 1, [[12, 2]], axis=0)
    quad = rounded_quad(octagon, 0)
    assert quad.shape == (4, 2)
    assert {tuple(p) for p in quad} == {tuple(p) for p in diamond.astype(int)}
    assert signed_area(quad) > 0


def test_equal_predictions_give_equal_bytes(tmp_path):
    for name in ("a.zip", "b.zip"):
        write_submission(tmp_path / name, ["img_1.jpg"], [squares(0)])
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.infolist()[0].date_time[0] == 1980


@pytest.mark.parametrize(
    "names, predictions, message",
    [
        (["photo.jpg"], [squares(0)], "photo.jpg: a name img_N is wanted"),
        (["a/img_1.jpg", "b/img_1.png"], [squares()] * 2, "b/img_1.png: a second image"),
        (["img_1.jpg"], [squares(0, scores=[1.5])], r"img_1.jpg: the score 1.5 is not in \[0, 1\]"),
        (["img_1.jpg"], [squares(0)], "img_1.jpg: no scores"),
        (["img_1.jpg"], [TextInstances([square(np.nan)], scores=[1])], "polygon 0 is no polygon"),
        (["img_1.jpg"], [TextInstances([np.zeros((2, 2))], scores=[1])], "polygon 0 is no polygon"),
    ],
)
def test_what_cannot_be_written_is_named(tmp_path, names, predictions, message):
    with pytest.raises(DataError, match=message):
        write_submission(tmp_path / "a.zip", names, predictions, confidences=True)
    assert not (tmp_path / "a.zip").exists()


def test_the_json_holds_what_was_predicted_exactly(tmp_path):
    polygon = np.array([[0.1, 0.2], [9.3, 0.4], [9.5, 9.6]], np.float32)
    found = TextInstances([polygon, square(1)], texts=["é", None], scores=[0.25, 0.5])
    write_predictions(tmp_path / "p.json", ["a/img_1.jpg", "b.jpg"], [found, TextInstances()])
    content = json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))
    first, second = content["data_list"]
    assert (first["img_path"], second) == ("a/img_1.jpg", {"img_path": "b.jpg", "instances": []})
    instance = first["instances"][0]
    np.testing.assert_array_equal(np.float32(instance["polygon"]).reshape(-1, 2), polygon)
    assert (instance["text"], instance["score"], instance["ignore"]) == ("é", 0.25, False)
    np.testing.assert_array_equal(np.float32(instance["bbox"]), np.float32([0.1, 0.2, 9.5, 9.6]))
    assert content["metainfo"]["category"][instance["bbox_label"]]["name"] == "text"
