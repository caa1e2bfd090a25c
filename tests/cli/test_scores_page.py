"""The page of scores: figures alone, pictures beside each other, escapes, what it cannot show."""

import re

import cv2
import numpy as np
import pytest

from tcm.cli.evaluate import main
from tcm.errors import ConfigError, DataError
from tests.cli.test_evaluate_from import TRUTHS, command
from tests.evaluation.helpers import make_zip


@pytest.fixture
def gt(tmp_path):
    return str(make_zip(tmp_path / "gt.zip", TRUTHS))


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("img_1", "img_2"):
        cv2.imwrite(str(folder / f"{name}.png"), np.full((50, 100, 3), 90, np.uint8))
    return folder


def page(tmp_path, arguments):
    main([*arguments, "--html", str(tmp_path / "r.html")])
    return (tmp_path / "r.html").read_text(encoding="utf-8")


def test_figures_stand_alone_without_images(tmp_path, gt):
    text = page(tmp_path, command(gt, "mmocr"))
    assert "mmocr by icdar2015-e2e" in text and "ICDAR2015 end-to-end: IoU" in text
    assert text.count("<b>0.6667</b>") == 3
    # ENTRY and EXIT and NO are 10 pixels high; EXIT is missed.
    row = re.search(r"<tr><td>8 to 12 px</td><td>3</td><td>2</td>.*?</tr>", text, re.DOTALL)[0]
    assert row.count("0.667") == 2
    assert "Missed: 1" in text and "False alarms: 1" in text and "Misread" not in text
    assert "<image" not in text


def test_misses_and_false_alarms_are_shown_beside_the_ground_truth(tmp_path, gt, images):
    text = page(tmp_path, [*command(gt, "mmocr"), "--images", str(images)])
    assert text.count("<figure>") == text.count("<image") == text.count("<use") == 2
    assert text.count('class="t m"') == text.count('class="d m"') == 1  # the cases themselves
    assert "is <b>EXIT</b>" in text and "read as <b>X</b> 0.50" in text
    assert re.findall(r'(?:src|href)="(?!#|data:)', text) == []  # it needs nothing but itself


def test_the_number_of_pictures_is_bounded(tmp_path, gt, images):
    arguments = [*command(gt, "vlm", "--images", str(images)), "--pictures", "0"]
    assert "<figure>" not in page(tmp_path, arguments)


def test_texts_are_escaped(tmp_path, images):
    line = "10,10,50,10,50,20,10,20,<script>&"
    gt = make_zip(tmp_path / "b.zip", {"gt_img_1.txt": line, "gt_img_2.txt": ""})
    arguments = command(str(gt), "vlm", "--images", str(images), protocol="icdar2015")
    text = page(tmp_path, arguments)
    assert "<script" not in text and "&lt;script&gt;&amp;" in text


def test_a_submission_is_shown_as_well(tmp_path, gt, images):
    found = make_zip(tmp_path / "s.zip", {"res_img_1.txt": "10,10,30,10,30,20,10,20"})
    arguments = ["--protocol", "icdar2015", "--gt", gt, "--pred", str(found)]
    assert "Missed: 2" in page(tmp_path, [*arguments, "--images", str(images)])


def test_what_has_no_pairs_is_refused_and_nothing_written(tmp_path, gt):
    with pytest.raises(ConfigError, match="no pairs of texts to show by the rule 'MMOCR"):
        page(tmp_path, command(gt, "mmocr", protocol="hmean-sweep"))
    assert not (tmp_path / "r.html").exists()


def test_several_sets_are_one_page(tmp_path, gt, images):
    make_zip(tmp_path / "s.zip", {"res_img_1.txt": "10,10,30,10,30,20,10,20"})
    files = "gt: gt.zip, pred: s.zip"
    sets = tmp_path / "sets.yaml"
    sets.write_text(
        f"Words & all: {{protocol: icdar2015, {files}, images: images}}\n"
        f"Strict: {{protocol: icdar2015, {files}, option: [iou=0.9, area_precision=0.9]}}\n"
        f"Characters: {{protocol: cleval, {files}}}\n"
    )
    text = page(tmp_path, ["--sets", str(sets)])
    assert text.count("<h1") == 4 and '<a href="#s0">Words &amp; all</a>' in text
    assert "IoU &gt; 0.9" in text
    assert text.count("By height") == 2 and text.count("joins no texts one to one") == 1
    assert text.count("<figure>") == 2  # of the set with images
    assert len(set(re.findall(r'id="(\w+)"', text))) == len(re.findall(r'id="\w+"', text))


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "sets.yaml: no set in it"),
        ("a: 1", "sets.yaml: a: options are wanted, a line each"),
        ("a: {protocl: x}", "sets.yaml: a: unknown option 'protocl'; did you mean 'protocol'"),
        ("a: {protocol: x, gt: {}}", "sets.yaml: a.gt: a text or a list of texts is wanted"),
        ("a: {protocol: x, gt: b}", "sets.yaml: a: the following arguments are required: --pred"),
        ("a: {protocol: x, gt: b, pred: c, from: d}", "sets.yaml: a: argument --from: invalid ch"),
    ],
)
def test_a_mistake_in_the_sets_names_file_set_and_option(tmp_path, content, message):
    (tmp_path / "sets.yaml").write_text(content)
    with pytest.raises(ConfigError, match=re.escape(message)):
        main(["--sets", str(tmp_path / "sets.yaml")])


def test_options_of_a_set_are_refused_beside_the_file():
    with pytest.raises(ConfigError, match="--gt is an option of each set: write it in s.yaml"):
        main(["--sets", "s.yaml", "--gt", "a"])


def test_an_image_that_is_missing_is_named_and_nothing_left(tmp_path, gt, images):
    (images / "img_2.png").unlink()
    with pytest.raises(DataError, match="images: no image is called '2'"):
        page(tmp_path, [*command(gt, "mmocr"), "--images", str(images)])
    assert not (tmp_path / "r.html").exists()


def test_sizes_of_images_serve_boxes_of_a_range(tmp_path, gt, images, capsys):
    path = tmp_path / "answers.jsonl"
    word = '{"text": "EXIT", "box": [100, 200, 500, 400]}'
    path.write_text('{"image": "img_2.png", "words": [' + word + "]}")
    arguments = ["--protocol", "icdar2015-e2e", "--gt", gt, "--from", "vlm", "--pred", str(path)]
    main([*arguments, "--box-range", "1000", "--images", str(images)])
    assert "matched 1, cared ground truth 3" in capsys.readouterr().out
