"""No command replaces a file that it has not written, and each says so before its work."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from tcm.cli import benchmark, browse_dataset, evaluate, infer, test
from tcm.cli.outputs import RECORD
from tcm.errors import DataError, OutputError
from tests.cli.tiny import write_checkpoint, write_config
from tests.data.builders import write_dataset
from tests.evaluation.helpers import make_zip


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return a config and a checkpoint that finds one text in every image."""
    folder = tmp_path_factory.mktemp("tiny")
    config = write_config(folder)
    return [config, write_checkpoint(config, folder / "tiny.ckpt"), "--device", "cpu"]


@pytest.fixture
def data(tmp_path):
    """Return options for a test on images of two sub-folders, and their annotation file."""
    (tmp_path / "data").mkdir()
    ann_file = Path(write_dataset(tmp_path / "data"))
    content = json.loads(ann_file.read_text())
    for name, entry in zip(("a/x.png", "b/x.png"), content["data_list"], strict=False):
        (ann_file.parent / name).parent.mkdir()
        (ann_file.parent / entry["img_path"]).rename(ann_file.parent / name)
        entry["img_path"] = name
    del content["data_list"][2:]
    ann_file.write_text(json.dumps(content))
    dataset = f"data.val.dataset={{_delete_: true, type: TextDataset, ann_file: {ann_file}}}"
    return ["--cfg-options", dataset], ann_file


@pytest.fixture
def unrun(monkeypatch):
    """Fail as soon as a network is loaded."""
    for name in ("test", "infer"):
        monkeypatch.setattr(f"tcm.cli.{name}.load_network", lambda *_: pytest.fail("work began"))


def _image(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    path.write_bytes(cv2.imencode(path.suffix, noise)[1])
    return path


def _content(folder):
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def _names(folder):
    files = (p for p in folder.rglob("*") if p.is_file() and p.name != RECORD)
    return sorted(p.relative_to(folder).as_posix() for p in files)


def test_pictures_do_not_replace_images_of_the_same_stem(tiny, tmp_path, unrun):
    _image(tmp_path / "holiday.jpg"), _image(tmp_path / "holiday.png")
    before = _content(tmp_path)
    with pytest.raises(OutputError, match=r"holiday\.jpg: is there and not as this command wrote"):
        infer.main([*tiny, str(tmp_path / "holiday.png"), "--out", str(tmp_path)])
    assert _content(tmp_path) == before


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_links_to_an_image_are_not_replaced(tiny, tmp_path, unrun, link):
    image = _image(tmp_path / "images" / "a.jpg")
    (tmp_path / "out").mkdir()
    link(image, tmp_path / "out" / "a.jpg")
    with pytest.raises((DataError, OutputError)):
        infer.main([*tiny, str(image), "--out", str(tmp_path / "out")])


def test_pictures_of_equal_names_stay_apart_in_the_folders_of_their_images(tiny, tmp_path):
    for name in ("a/x.png", "b/x.png", "b/x.jpg"):
        _image(tmp_path / "images" / name)
    places = [str(tmp_path / "images" / name) for name in ("a", "b")]
    infer.main([*tiny, *places, "--out", str(tmp_path / "out")])
    assert _names(tmp_path / "out") == ["a/x.jpg", "b/x.jpg.jpg", "b/x.png.jpg", "predictions.json"]


def test_a_command_replaces_its_own_files_but_none_that_was_changed(tiny, tmp_path):
    image, out = _image(tmp_path / "a.png"), tmp_path / "out"
    command = [*tiny, str(image), "--out", str(out)]
    infer.main(command)
    first = _content(out)
    infer.main([*command, "--min-score", "0.6"])
    assert _content(out)[out / "predictions.json"] != first[out / "predictions.json"]
    corrected = (out / "predictions.json").read_text().replace("[]", "[ ]")
    (out / "predictions.json").write_text(corrected)
    with pytest.raises(OutputError, match=r"predictions\.json: is there and not as"):
        infer.main(command)
    assert (out / "predictions.json").read_text() == corrected


def test_pictures_of_a_test_keep_sub_folders_and_leave_the_images(tiny, data, tmp_path, unrun):
    options, ann_file = data
    before = _content(ann_file.parent)
    (ann_file.parent / "a" / "x.jpg").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"a/x\.jpg: is there"):
        test.main([*tiny, *options, "--visualize", str(ann_file.parent)])
    (ann_file.parent / "a" / "x.jpg").unlink()
    assert _content(ann_file.parent) == before


def test_pictures_of_a_test_lie_in_the_folders_of_their_images(tiny, data, tmp_path):
    options, _ = data
    for _ in range(2):
        test.main([*tiny, *options, "--visualize", str(tmp_path / "pictures")])
    assert _names(tmp_path / "pictures") == ["a/x.jpg", "b/x.jpg"]


@pytest.mark.parametrize("option", ["--save-predictions", "--scores", "--submission"])
def test_a_test_replaces_no_annotation_file(tiny, data, unrun, option):
    options, ann_file = data
    before = ann_file.read_bytes()
    metric = "evaluation.metrics={_delete_: true, totaltext: {type: TotalTextDetEval}}"
    options = [*options, metric, "--limit", "1"]  # there are two images of one name
    with pytest.raises(DataError, match=f"would replace it, which is read|{option}"):
        test.main([*tiny, *options, option, str(ann_file)])
    other = ann_file.with_name("other.json")
    other.write_bytes(before)
    with pytest.raises(OutputError, match=r"other\.json: is there and not as this command wrote"):
        test.main([*tiny, *options, option, str(other)])
    assert other.read_bytes() == ann_file.read_bytes() == before


def test_two_options_do_not_share_a_file(tiny, data, tmp_path, unrun):
    file = str(tmp_path / "a.json")
    with pytest.raises(OutputError, match="another option writes this file"):
        test.main([*tiny, *data[0], "--scores", file, "--save-predictions", file])


def test_figures_can_be_written_again_but_not_over_what_is_read(tmp_path, capsys):
    truth = make_zip(tmp_path / "gt.zip", {"gt_img_1.txt": "0,0,9,0,9,9,0,9,a"})
    found = make_zip(tmp_path / "found.zip", {"res_img_1.txt": "0,0,9,0,9,9,0,9"})
    command = ["--protocol", "icdar2015", "--gt", str(truth), "--pred", str(found), "--json"]
    for _ in range(2):
        assert evaluate.main([*command, str(tmp_path / "figures.json")]) == 0
    capsys.readouterr()
    with pytest.raises(DataError, match="which is read"):
        evaluate.main([*command, str(found)])
    assert not capsys.readouterr().out  # nothing was scored


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("file/x.json", "file is no folder"),
        ("folder", "this is a folder"),
        ("/proc/no/x", "be written"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_the_work(
    tiny, data, tmp_path, unrun, monkeypatch, place, reason
):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    for option in ("--scores", "--save-predictions"):
        with pytest.raises(OutputError, match=f"{option} .*{reason}"):
            test.main([*tiny, *data[0], option, place])
    monkeypatch.setattr(benchmark.benchmark_decode, "decode", lambda *_: pytest.fail("work began"))
    with pytest.raises(OutputError, match=f"--json .*{reason}"):
        benchmark.main(["decode", tiny[0], "--json", place])
    with pytest.raises(OutputError, match=f"--json .*{reason}"):
        evaluate.main(["--protocol", "icdar2015", "--gt", "a", "--pred", "b", "--json", place])


def test_an_out_that_is_a_file_is_told_before_the_work(tiny, tmp_path, unrun):
    image = _image(tmp_path / "a.png")
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="--out .*out is no folder"):
        infer.main([*tiny, str(image), "--out", str(tmp_path / "out")])
    with pytest.raises(OutputError, match="--out .*out is no folder"):
        browse_dataset.main([tiny[0], "--num", "1", "--out", str(tmp_path / "out")])
    assert Path(tmp_path / "out").read_text() == "mine"
