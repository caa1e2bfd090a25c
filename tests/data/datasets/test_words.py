import logging
import os
import pickle

import numpy as np
import pytest

from tcm.data.datasets.lmdb_words import LMDBWords
from tcm.data.storage import lmdb_files, packed
from tcm.data.storage.images import read_image
from tcm.errors import ConfigError, DataError
from tcm.registry import DATASETS
from tests.data.word_files import KEPT, write_folder, write_lmdb


def _build(folder, **options):
    return DATASETS.build(
        {"type": "FolderWords", "ann_file": str(folder / "labels.txt"), **options}
    )


def test_a_word_is_a_sample_with_one_text_that_fills_it(tmp_path):
    write_folder(tmp_path)
    dataset = _build(tmp_path)
    sample = dataset.load(1)
    assert sample.path == str(tmp_path / "images/1.png") and sample.index == 1
    np.testing.assert_array_equal(sample.image, read_image(sample.path))
    np.testing.assert_array_equal(sample.instances.polygons, [[[0, 0], [30, 0], [30, 12], [0, 12]]])
    assert sample.instances.texts == ["5:30"] and not sample.instances.ignored.any()
    assert (dataset.ids[1], dataset.paths[1]) == ("images/1.png", sample.path)


def test_unusable_words_are_left_out_with_one_warning(tmp_path, caplog):
    write_folder(tmp_path)
    with caplog.at_level(logging.WARNING, "tcm"):
        dataset = _build(tmp_path)
    assert [dataset.load(i).instances.texts[0] for i in range(len(dataset))] == KEPT
    (record,) = caplog.records
    assert record.getMessage() == (
        f"{tmp_path / 'labels.txt'}: 2 of 7 words left out: 1 longer than 25 characters "
        "(first images/4.png), 1 empty label (first images/5.png)"
    )


def test_an_unusable_word_stops_if_wanted(tmp_path):
    write_folder(tmp_path)
    with pytest.raises(DataError, match=r"images/4.png: longer than 25 characters \('xxx"):
        _build(tmp_path, invalid="error")
    with pytest.raises(DataError, match="images/1.png: character outside the charset"):
        _build(tmp_path, invalid="error", labels={"charset": 62, "outside": "skip"})


def test_the_rules_for_labels_are_options(tmp_path):
    write_folder(tmp_path)
    dataset = _build(tmp_path, labels={"charset": 36, "max_label_length": None})
    assert dataset.labels == ["salutes", "530", "dont", "cafeau", "x" * 26, "private"]


def test_images_lie_where_the_root_says(tmp_path):
    file = write_folder(tmp_path / "a")
    (tmp_path / "labels.txt").write_bytes(file.read_bytes())
    dataset = _build(tmp_path, img_root=str(tmp_path / "a"))
    assert dataset.load(0).image.shape == (12, 30, 3)


def test_it_can_be_pickled(tmp_path):
    write_folder(tmp_path)
    dataset = _build(tmp_path)
    again = pickle.loads(pickle.dumps(dataset))
    np.testing.assert_array_equal(again.load(4).image, dataset.load(4).image)


def test_mistakes_are_named(tmp_path):
    with pytest.raises(DataError, match="nowhere/labels.txt: no such label file; tcm data prepare"):
        _build(tmp_path / "nowhere")
    write_folder(tmp_path)
    with pytest.raises(ConfigError, match="invalid: .* got 'skp'; did you mean 'skip'"):
        _build(tmp_path, invalid="skp")
    with pytest.raises(ConfigError, match="labels.charest"):
        _build(tmp_path, labels={"charest": 36})
    with pytest.raises(DataError, match="none of 7 words can be used: 6 longer than 1 char"):
        _build(tmp_path, labels={"max_label_length": 1})
    dataset = _build(tmp_path)
    (tmp_path / "images/0.png").write_bytes(b"")
    with pytest.raises(DataError, match="images/0.png: not a whole image"):
        dataset.load(0)
    with pytest.raises(IndexError, match="5 of 5"):
        dataset.load(5)


@pytest.fixture
def lmdb(tmp_path, monkeypatch):
    """Return an LMDB that is worth a cache."""
    monkeypatch.setattr(packed, "SMALLEST", 1)
    folder = write_lmdb(tmp_path / "a")
    os.utime(folder / "data.mdb", (1e9, 1e9))
    return folder


def _refuse(folder):
    pytest.fail(f"{folder} was read")


def test_a_second_look_at_an_lmdb_takes_its_cache(lmdb, monkeypatch, caplog):
    with caplog.at_level(logging.WARNING, "tcm"):
        first = LMDBWords(str(lmdb.parent))
        monkeypatch.setattr(lmdb_files, "read_words", _refuse)
        again = LMDBWords(str(lmdb.parent))
    assert list(again.labels) == list(first.labels) == KEPT
    assert again.ids == first.ids and again.paths == first.paths
    assert again.ids[0] == "a/image-000000001"
    np.testing.assert_array_equal(again.load(4).image, first.load(4).image)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2 and told[0] == told[1] and "2 of 7 words left out" in told[0]


def test_other_rules_and_another_file_are_read_anew(lmdb):
    LMDBWords(str(lmdb))
    small = LMDBWords(str(lmdb), {"charset": 36, "max_label_length": None})
    assert small.labels[0] == "salutes" and len(small) == 6
    assert len(list(lmdb.glob("words-*.tcm-cache"))) == 2
    with pytest.raises(DataError, match="longer than 25"):
        LMDBWords(str(lmdb), invalid="error")
    lmdb_files.close()
    (lmdb / "data.mdb").unlink()
    write_lmdb(lmdb, ["one"])
    assert list(LMDBWords(str(lmdb)).labels) == ["one"]


def test_pickled_it_is_the_name_of_its_cache(lmdb):
    dataset = LMDBWords(str(lmdb))
    sent = pickle.dumps(dataset)
    assert dataset.labels[0].encode() not in sent
    assert list(pickle.loads(sent).labels) == KEPT


def test_folders_that_are_not_there_are_left_out_with_a_line(tmp_path, caplog):
    for name in ("val/SVT", "test/SVT", "test/IIIT5k/a"):
        write_lmdb(tmp_path / name)
    folders = ["test/SVT", "test/CUTE80", "test/IIIT5k"]
    with caplog.at_level(logging.WARNING, "tcm"):
        words = LMDBWords(str(tmp_path), folders=folders)
    assert f"{tmp_path}: left out, not there: test/CUTE80" in caplog.messages
    assert (len(words), words.ids[0]) == (10, "test/SVT/image-000000001")
    assert words.load(9).path == str(tmp_path / "test/IIIT5k/a/image-000000007")
    with pytest.raises(DataError, match=f"{tmp_path}: no folder test/CUTE80"):
        LMDBWords(str(tmp_path), folders=folders[1:2])
