"""The commands of prepare_data.py for word recognition."""

import json

import cv2
import lmdb
import numpy as np
import pytest

from tcm.cli.prepare_data import main
from tcm.data.datasets.lmdb_words import LMDBWords
from tcm.data.datasets.words import FolderWords
from tcm.data.storage import lmdb_files
from tcm.errors import ConfigError, DataError
from tests.conftest import real_data
from tests.data.builders import write_dataset
from tests.data.formats.test_word_sets import _iiit5k
from tests.data.word_files import KEPT, TEXTS, write_folder, write_lmdb


@pytest.fixture
def _lmdb(monkeypatch):
    monkeypatch.setattr(lmdb_files, "MAP_SIZE", 2**24)
    yield
    lmdb_files.close()


def _same(packed, plain):
    """Tell that two datasets hold the same words."""
    assert len(packed) == len(plain) > 0
    for i in range(len(packed)):
        one, other = packed.load(i), plain.load(i)
        np.testing.assert_array_equal(one.image, other.image)
        assert one.instances.texts == other.instances.texts


@pytest.mark.usefixtures("_lmdb")
def test_a_raw_set_is_written_twice_and_read_alike(tmp_path, capsys):
    (tmp_path / "raw").mkdir()
    raw, out = _iiit5k(tmp_path / "raw"), tmp_path / "deep" / "out"
    assert main(["iiit5k", "--raw", str(raw), "--out", str(out)]) == 0
    assert [line.split()[1:4:2] for line in capsys.readouterr().out.splitlines() if "t" in line]
    assert (out / "test.txt").read_text() == "../../raw/test/3.png\tdon't\n"
    for split in ("train", "test"):
        packed = LMDBWords(str(out / "lmdb" / split))
        assert packed.load(0).path.endswith(f"{split}/IIIT5k/image-000000001")
        _same(packed, FolderWords(str(out / f"{split}.txt")))


def test_label_files_can_be_had_alone(tmp_path):
    (tmp_path / "raw").mkdir()
    raw = _iiit5k(tmp_path / "raw")
    main(["iiit5k", "--raw", str(raw), "--out", str(tmp_path / "out"), "--write", "files"])
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["test.txt", "train.txt"]
    assert FolderWords(str(tmp_path / "out/train.txt")).labels == ["You", "5:30"]


@pytest.mark.usefixtures("_lmdb")
@pytest.mark.parametrize("given", ["labels.txt", ""])
def test_an_lmdb_is_packed_from_a_label_file_or_its_folder(given, tmp_path, capsys):
    write_folder(tmp_path / "words")
    (tmp_path / "words/images/6.png").write_bytes(b"none")
    arguments = ["lmdb", "--labels", str(tmp_path / "words" / given), "--out", str(tmp_path / "l")]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert f"{tmp_path / 'l'}: 6 words written, 1 left out" in printed
    assert "not a whole image (4 bytes)" in printed
    packed = LMDBWords(str(tmp_path / "l"))
    assert [packed.load(i).instances.texts[0] for i in range(len(packed))] == KEPT[:-1]
    with pytest.raises(DataError, match="there is a data.mdb already"):
        main(arguments)


@pytest.mark.usefixtures("_lmdb")
def test_a_look_into_lmdbs_counts_and_finds_what_is_broken(tmp_path, capsys):
    write_lmdb(tmp_path / "a", ["aab", "!"])
    write_lmdb(tmp_path / "b", TEXTS)
    assert main(["lmdb-info", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    rows = {words[1]: words for words in map(str.split, printed.splitlines()) if len(words) > 4}
    assert [word for word in rows["a"] if word.isdigit()] == ["2", "0", "3"]
    assert "26:" in rows["b"] and "'a' 2  'b' 1  '!' 1" in printed
    lmdb_files.close()
    environment = lmdb.open(str(tmp_path / "a"), map_size=2**24)
    with environment, environment.begin(write=True) as transaction:
        transaction.put(b"image-000000002", b"none")
    assert main(["lmdb-info", str(tmp_path), "--no-decode"]) == 0
    assert main(["lmdb-info", str(tmp_path)]) == 1
    assert "a/image-000000002: image: not a whole image (4 bytes)" in capsys.readouterr().out


def test_words_are_cut_from_an_annotation_file(tmp_path, capsys):
    file = write_dataset(tmp_path, count=3)
    out = tmp_path / "out"
    arguments = ["crops", "--ann", str(file), "--out", str(out), "--mode", "rectified"]
    assert main(arguments) == 0
    assert f"{out}: 3 words cut; left out: 3 ignored" in capsys.readouterr().out
    words = FolderWords(str(out / "labels.txt"))
    assert words.labels == ["a,b"] * 3
    scene = cv2.imread(str(tmp_path / "img_1.png"))[..., ::-1]
    np.testing.assert_array_equal(words.load(1).image, scene[8:16, 8:24])


def test_mistakes_are_named(tmp_path):
    with pytest.raises(ConfigError, match="'lmdb-inf'; did you mean 'lmdb-info'"):
        main(["lmdb-inf", "--raw", "a", "--out", "b"])
    with pytest.raises(DataError, match="there is none of labels.txt, "):
        main(["lmdb", "--labels", str(tmp_path), "--out", str(tmp_path)])
    file = tmp_path / "labels.json"
    file.write_text(json.dumps({"data_list": []}), encoding="utf-8")
    with pytest.raises(DataError, match="labels.json: no word"):
        main(["lmdb", "--labels", str(file), "--out", str(tmp_path)])


@pytest.mark.slow
@pytest.mark.usefixtures("_lmdb")
@pytest.mark.parametrize(
    ("command", "counts"), [("iiit5k", (2000, 3000)), ("icdar2015-words", (4468, 2077))]
)
def test_the_real_sets_are_the_same_in_both_forms(command, counts, tmp_path, monkeypatch):
    monkeypatch.setattr(lmdb_files, "MAP_SIZE", 2**30)
    raw = real_data(command.replace("-", "_"))
    assert main([command, "--raw", str(raw), "--out", str(tmp_path)]) == 0
    for split, count in zip(("train", "test"), counts, strict=True):
        rules = {"charset": None, "max_label_length": None}
        packed = LMDBWords(str(tmp_path / "lmdb" / split), labels=rules)
        _same(packed, FolderWords(str(tmp_path / f"{split}.txt"), labels=rules))
        assert len(packed) == count
