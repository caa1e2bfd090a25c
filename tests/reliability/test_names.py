"""Files of any name are read, drawn, written and told of; no name steers the terminal."""

import json
import os
import sys

import cv2
import numpy as np
import pytest

from tcm.cli import infer, prepare_data, test
from tcm.cli.main import run
from tests.cli.tiny import write_checkpoint, write_config

NAMES = {
    "not UTF-8": os.fsdecode(b"caf\xe9\xff.png"),
    "escapes": "\x1b[31mred\x1b[0m.png",
    "newline": "a\nb\rc.png",
    "right to left": "txt\u202egnp.png",
    "markup": "[bold]a[red].png",
    "long": "n" * 251 + ".png",
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return a config and a checkpoint that finds one text in every image."""
    folder = tmp_path_factory.mktemp("tiny")
    config = write_config(folder)
    return [config, write_checkpoint(config, folder / "tiny.ckpt"), "--device", "cpu"]


def _image(path):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    path.write_bytes(cv2.imencode(".png", noise)[1])
    return path


def _steers(text):
    return any(c in text for c in "\x1b\r\u202e") or any(0xD800 <= ord(c) < 0xE000 for c in text)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_an_image_of_any_name_is_read_drawn_and_written(tiny, tmp_path, capsys, name):
    (tmp_path / "in").mkdir()
    image, out = _image(tmp_path / "in" / name), tmp_path / "out"
    for _ in range(2):  # the record knows the name as well
        assert infer.main([*tiny, str(image.parent), "--out", str(out)]) == 0
    (entry,) = json.loads((out / "predictions.json").read_text(encoding="utf-8"))["data_list"]
    assert entry["img_path"] == str(image) and len(entry["instances"]) == 1
    assert (out / f"{name[:-4]}.jpg").is_file()
    said = capsys.readouterr()
    assert not _steers(said.out)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_dataset_of_any_names_is_tested(tiny, tmp_path, capsys, name):
    _image(tmp_path / name)
    instance = {"polygon": [4, 4, 20, 4, 20, 20, 4, 20], "bbox_label": 0, "ignore": False}
    entry = {"img_path": name, "height": 40, "width": 40, "instances": [instance]}
    (tmp_path / "test.json").write_text(json.dumps({"metainfo": {}, "data_list": [entry]}))
    dataset = f"{{_delete_: true, type: TextDataset, ann_file: {tmp_path / 'test.json'}}}"
    options = ["--cfg-options", f"data.val.dataset={dataset}"]
    files = ["--visualize", str(tmp_path / "drawn"), "--save-predictions", str(tmp_path / "p.json")]
    assert test.main([*tiny, *options, *files]) == 0
    (found,) = json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))["data_list"]
    assert found["img_path"].endswith(name)
    assert (tmp_path / "drawn" / f"{name[:-4]}.jpg").is_file()
    assert not _steers(capsys.readouterr().out)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_an_error_shows_a_name_and_obeys_none(tiny, tmp_path, monkeypatch, capsys, name):
    (tmp_path / name).write_text("no image")
    arguments = ["tool", *tiny, str(tmp_path / name), "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as exit_:
        run(infer.main)
    said = capsys.readouterr().err.removesuffix("\n")
    assert exit_.value.code == 2
    lines = [line for line in said.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and "not a whole image" in lines[0]
    assert not _steers(lines[0])


@pytest.mark.parametrize("name", ["[/bold]", "[red]x", "\x1b[31m"])
def test_folders_and_labels_with_markup_are_told_as_they_are(tmp_path, capsys, name):
    folder = tmp_path / name
    folder.mkdir(parents=True)  # "[" and "bold]" of the first
    _image(folder / "word.png")
    (folder / "labels.txt").write_text(f"word.png\t{name}\n", encoding="utf-8")
    out = tmp_path / "lmdbs" / name
    assert (
        prepare_data.main(["lmdb", "--labels", str(folder / "labels.txt"), "--out", str(out)]) == 0
    )
    assert prepare_data.main(["lmdb-info", str(tmp_path / "lmdbs")]) == 0
    said = capsys.readouterr()
    assert "\x1b[31m" not in said.out
    assert name.replace("\x1b", "\\x1b") in said.out
