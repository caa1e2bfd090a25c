"""The raw word sets: IIIT5K and ICDAR2015's words."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from tcm.data.formats import icdar2015_words, iiit5k, word_crops
from tcm.data.storage.images import read_image
from tcm.data.storage.label_files import LabelLine
from tcm.errors import DataError
from tests.conftest import real_data
from tests.data.word_files import png


def _images(folder, *names):
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png(i).tobytes())


def _iiit5k(raw):
    _images(raw, "train/1.png", "train/2.png", "test/3.png")
    (raw / "train.txt").write_text("train/1.png You\ntrain/2.png 5:30\n", encoding="utf-8")
    (raw / "test.txt").write_text("test/3.png don't\n", encoding="utf-8")
    return raw


def test_iiit5k_is_read_from_its_text_files(tmp_path):
    done = []
    splits = iiit5k.read(_iiit5k(tmp_path), lambda *step: done.append(step))
    assert splits == {
        "train": [
            LabelLine(str(tmp_path / "train/1.png"), "You"),
            LabelLine(str(tmp_path / "train/2.png"), "5:30"),
        ],
        "test": [LabelLine(str(tmp_path / "test/3.png"), "don't")],
    }
    assert done == [("train", 1, 2), ("train", 2, 2), ("test", 1, 1)]


def test_iiit5k_is_read_from_the_official_files(tmp_path):
    expected = iiit5k.read(_iiit5k(tmp_path))
    for split, words in expected.items():
        (tmp_path / f"{split}.txt").unlink()
        table = np.zeros((1, len(words)), [("ImgName", object), ("GroundTruth", object)])
        for row, word in zip(table[0], words, strict=True):
            row["ImgName"] = str(word.path).removeprefix(f"{tmp_path}/")
            row["GroundTruth"] = word.text
        scipy.io.savemat(tmp_path / f"{split}data.mat", {f"{split}data": table})
    assert iiit5k.read(tmp_path) == expected


def test_icdar2015_words_are_read_in_both_layouts(tmp_path):
    _images(tmp_path, "train/word_1.png", "test/word_1.png")
    (tmp_path / "train_gt.txt").write_text('word_1.png, "\\"No, no\\""\n', encoding="utf-8-sig")
    (tmp_path / "test_gt.txt").write_text('word_1.png, "Yes"\n', encoding="utf-8-sig")
    splits = icdar2015_words.read(tmp_path)
    assert splits["train"] == [LabelLine(str(tmp_path / "train/word_1.png"), '"No, no"')]
    assert splits["test"] == [LabelLine(str(tmp_path / "test/word_1.png"), "Yes")]
    (tmp_path / "train").rename(tmp_path / "ch4_training_word_images_gt")
    (tmp_path / "test").rename(tmp_path / "ch4_test_word_images_gt")
    (tmp_path / "train_gt.txt").rename(tmp_path / "ch4_training_word_images_gt/gt.txt")
    (tmp_path / "test_gt.txt").rename(tmp_path / "Challenge4_Test_Task3_GT.txt")
    official = icdar2015_words.read(tmp_path)
    assert [w.text for w in official["train"] + official["test"]] == ['"No, no"', "Yes"]


def test_mistakes_are_named(tmp_path):
    with pytest.raises(DataError, match="nowhere: no such folder"):
        iiit5k.read(tmp_path / "nowhere")
    with pytest.raises(DataError, match="train.txt or traindata.mat is missing"):
        iiit5k.read(tmp_path)
    _iiit5k(tmp_path)
    (tmp_path / "train/2.png").write_bytes(b"")
    with pytest.raises(DataError, match="train/2.png: not a whole image"):
        iiit5k.read(tmp_path)
    (tmp_path / "train/2.png").unlink()
    with pytest.raises(DataError, match="train/2.png: no such image"):
        iiit5k.read(tmp_path)
    (tmp_path / "train.txt").unlink()
    scipy.io.savemat(tmp_path / "traindata.mat", {"traindata": np.zeros((1, 2))})
    with pytest.raises(DataError, match="traindata has no fields"):
        iiit5k.read(tmp_path)


@pytest.fixture
def _quick(monkeypatch):
    """Look for the images of the real sets only; decoding them all takes half a minute."""
    monkeypatch.setattr(word_crops, "_decode", lambda path: Path(path).stat())


@pytest.mark.usefixtures("_quick")
def test_the_real_iiit5k_has_its_words():
    splits = iiit5k.read(real_data("iiit5k"))
    assert {k: len(v) for k, v in splits.items()} == {"train": 2000, "test": 3000}
    assert splits["test"][0].text == "PRIVATE"
    assert read_image(splits["test"][0].path).ndim == 3


@pytest.mark.usefixtures("_quick")
def test_the_real_icdar2015_has_its_words():
    splits = icdar2015_words.read(real_data("icdar2015_words"))
    assert {k: len(v) for k, v in splits.items()} == {"train": 4468, "test": 2077}
    texts = [word.text for word in splits["train"]]
    assert texts[0] == "Genaxis Theatre" and '"SCAN"' in texts
    assert read_image(splits["train"][0].path).ndim == 3
