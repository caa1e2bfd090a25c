"""The LMDB files and their dataset."""

import logging
import mmap
import multiprocessing
import pickle

import lmdb
import numpy as np
import pytest

from tcm.data.datasets.lmdb_words import LMDBWords
from tcm.data.datasets.words import FolderWords
from tcm.data.storage import lmdb_files
from tcm.errors import DataError
from tests.data.word_files import KEPT, TEXTS, png, write_folder, write_lmdb


@pytest.fixture(autouse=True)
def _closed():
    yield
    lmdb_files.close()


def _change(folder, **content):
    """Put values under keys, None deletes; ``_`` in a key stands for a hyphen."""
    lmdb_files.close()
    with lmdb.open(str(folder), map_size=2**24) as environment, environment.begin(write=True) as t:
        for key, value in content.items():
            name = key.replace("_", "-").encode()
            if value is None:
                t.delete(name)
            else:
                t.put(name, value)


def test_the_keys_are_those_of_the_field(tmp_path):
    write_lmdb(tmp_path / "a", ["Hi", "é"])
    with lmdb.open(str(tmp_path / "a")) as environment, environment.begin() as transaction:
        found = {
            key: bytes(transaction.get(key))
            for key in (b"num-samples", b"image-000000001", b"label-000000001", b"label-000000002")
        }
        assert transaction.get(b"image-000000000") is None
        assert transaction.get(b"image-000000003") is None
    assert list(found.values()) == [b"2", png(0).tobytes(), b"Hi", "é".encode()]


def test_all_files_below_the_root_are_read_in_their_order(tmp_path):
    for name, text in (("b/deep/x", "three"), ("b", "two"), ("a", "one")):
        write_lmdb(tmp_path / name, [text])
    dataset = LMDBWords(str(tmp_path))
    samples = [dataset.load(i) for i in range(len(dataset))]
    assert [s.instances.texts[0] for s in samples] == ["one", "two", "three"]
    assert samples[2].path == str(tmp_path / "b/deep/x/image-000000001")
    assert dataset.ids == [f"{name}/image-000000001" for name in ("a", "b", "b/deep/x")]


def test_lmdb_and_folder_give_equal_words(tmp_path):
    packed = LMDBWords(str(write_lmdb(tmp_path / "lmdb")))
    plain = FolderWords(str(write_folder(tmp_path / "plain")))
    assert len(packed) == len(plain) == len(KEPT)
    for i, text in enumerate(KEPT):
        np.testing.assert_array_equal(packed.load(i).image, plain.load(i).image)
        assert packed.load(i).instances.texts == plain.load(i).instances.texts == [text]


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_workers_open_the_files_themselves(method, tmp_path):
    dataset = LMDBWords(str(write_lmdb(tmp_path)))
    expected = [dataset.load(i) for i in range(len(dataset))]  # and so it is open here
    with multiprocessing.get_context(method).Pool(2) as pool:
        found = pool.map(dataset.load, range(len(dataset)), chunksize=1)
    for sample, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(sample.image, other.image)
        assert sample.path == other.path
    np.testing.assert_array_equal(dataset.load(0).image, expected[0].image)


def test_two_datasets_share_a_file_and_both_can_be_pickled(tmp_path):
    write_lmdb(tmp_path)
    first = LMDBWords(str(tmp_path))
    first.load(0)
    second = LMDBWords(f"{tmp_path}/../{tmp_path.name}", labels={"charset": 36})
    for dataset in (first, pickle.loads(pickle.dumps(second)), first):
        assert dataset.load(0).image.shape == (12, 30, 3)
    assert second.load(0).instances.texts == ["salutes"]


def test_damaged_words_are_left_out_with_one_warning(tmp_path, caplog):
    write_lmdb(tmp_path, [*"abcdef"])
    _change(
        tmp_path,
        image_000000002=None,
        label_000000003=None,
        image_000000004=b"",
        label_000000005=b"\xff",
    )
    with caplog.at_level(logging.WARNING, "tcm"):
        dataset = LMDBWords(str(tmp_path))
    assert [dataset.load(i).instances.texts[0] for i in range(2)] == ["a", "f"]
    np.testing.assert_array_equal(dataset.load(1).image, lmdb_files.read_image(tmp_path, 6))
    (record,) = caplog.records
    assert record.getMessage().endswith(
        "4 of 6 words left out: 1 missing image (first image-000000002), 1 missing label "
        "(first image-000000003), 1 empty image (first image-000000004), 1 label is not UTF-8 "
        "(first image-000000005)"
    )
    with pytest.raises(DataError, match="image-000000002: missing image"):
        LMDBWords(str(tmp_path), invalid="error")


def test_an_image_that_is_not_whole_stops_when_it_is_loaded(tmp_path):
    write_lmdb(tmp_path, ["a"])
    _change(tmp_path, image_000000001=png(0).tobytes()[:40])
    with pytest.raises(DataError, match="image-000000001: not a whole image"):
        LMDBWords(str(tmp_path)).load(0)


@pytest.mark.parametrize("count", [None, b"many"])
def test_a_file_without_count_is_named(count, tmp_path):
    write_lmdb(tmp_path, ["a"])
    _change(tmp_path, num_samples=count)
    with pytest.raises(DataError, match="no LMDB of words, or not written to its end"):
        LMDBWords(str(tmp_path))


def test_files_that_are_none_are_named(tmp_path):
    with pytest.raises(DataError, match="nowhere: no such folder"):
        LMDBWords(str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="no data.mdb at or below"):
        LMDBWords(str(tmp_path))
    (tmp_path / "data.mdb").write_bytes(b"x" * 20000)
    with pytest.raises(DataError, match="no LMDB, or a damaged one"):
        LMDBWords(str(tmp_path))


def test_a_truncated_file_is_named_and_not_read(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, 2**21, dtype=np.uint8)
    write_lmdb(tmp_path, ["a"])
    _change(tmp_path, image_000000002=noise.tobytes())
    file = tmp_path / "data.mdb"
    file.write_bytes(file.read_bytes()[:100_000])
    with pytest.raises(DataError, match="data.mdb is truncated: 100000 bytes"):
        LMDBWords(str(tmp_path))


@pytest.mark.parametrize("share", [0.01, 0.15, 0.3, 0.6, 0.95])
def test_a_small_file_that_is_cut_off_anywhere_is_named(tmp_path, share):
    """In the pages of its header too: read beyond the end, the process would die."""
    write_lmdb(tmp_path, ["word"] * 40)
    file = tmp_path / "data.mdb"
    content = file.read_bytes()
    assert len(content) < 2**20
    length = int(share * len(content))
    for kept in (length, length // mmap.PAGESIZE * mmap.PAGESIZE):
        file.write_bytes(content[:kept])
        with pytest.raises(DataError, match="truncated|no LMDB"):
            LMDBWords(str(tmp_path))
    file.write_bytes(content)
    assert len(LMDBWords(str(tmp_path))) == 40


def test_a_file_that_is_no_lmdb_is_named(tmp_path):
    for content in (b"", b"short", b"x" * 4096, b"x" * 20000):
        (tmp_path / "data.mdb").write_bytes(content)
        with pytest.raises(DataError, match="truncated|no LMDB"):
            LMDBWords(str(tmp_path))


def test_images_that_are_not_whole_are_not_written(tmp_path):
    def missing():
        raise DataError("b.png: no such image")

    words = [(missing, "b"), (lambda: png(0), "a"), (lambda: png(0)[:0], "c")]
    problems = lmdb_files.write_words(tmp_path, words, 2**24)
    assert problems == ["b.png: no such image", "word 'c': not a whole image (0 bytes)"]
    assert lmdb_files.read_count(tmp_path) == 1


def test_many_words_are_all_written(tmp_path):
    data = png(0)
    words = ((lambda: data, f"w{i}") for i in range(2005))
    lmdb_files.write_words(tmp_path, words, 2**24)
    assert [w.text for w in lmdb_files.read_words(tmp_path)] == [f"w{i}" for i in range(2005)]


def test_writing_replaces_nothing_and_names_what_fails(tmp_path):
    write_lmdb(tmp_path / "a", TEXTS)
    with pytest.raises(DataError, match="there is a data.mdb already"):
        write_lmdb(tmp_path / "a", TEXTS)
    with pytest.raises(DataError, match="b: cannot be written"):
        write_lmdb(tmp_path / "b", ["a"] * 100, size=2**15)
