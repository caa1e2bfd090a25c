"""OpenOCR's LMDBs of words: where they are looked for, and what stops."""

from pathlib import Path

import lmdb
import numpy as np
import pytest

from tcm.cli.prepare_data import main
from tcm.data.datasets.lmdb_words import LMDBWords
from tcm.data.formats import openocr
from tcm.data.storage import lmdb_files
from tcm.errors import DataError, OutputError
from tests.data.word_files import png, write_lmdb


@pytest.fixture(autouse=True)
def _closed():
    yield
    lmdb_files.close()


def put(folder: Path, **changes: bytes | None) -> None:
    """Change keys, written with ``_`` for ``-``, of an LMDB."""
    lmdb_files.close()
    environment = lmdb.open(str(folder), map_size=2**24)
    with environment, environment.begin(write=True) as transaction:
        for name, value in changes.items():
            key = name.replace("_", "-").encode()
            if value is None:
                transaction.delete(key)
            else:
                transaction.put(key, value)


def names(raw: Path, key: str) -> list[tuple[str, str, str]]:
    found = openocr.read(raw, key)
    return [(one.part.split, one.part.name, str(one.folder.relative_to(raw))) for one in found]


def test_parts_are_found_under_the_names_of_pages_and_configs(tmp_path, caplog):
    write_lmdb(tmp_path / "Union14M-L-LMDB-Filtered/train_easy")
    write_lmdb(tmp_path / "filter_train_hard")
    write_lmdb(tmp_path / "u14m/multi_words")
    assert names(tmp_path, "union14m-l") == [
        ("train", "easy", "Union14M-L-LMDB-Filtered/train_easy"),
        ("train", "hard", "filter_train_hard"),
        ("test", "multi_words", "u14m/multi_words"),
    ]
    assert "no medium split (Union14M-L-LMDB-Filtered/train_medium/data.mdb, " in caplog.text
    assert "u14m/multi_words: 7 words; 829 are published" in caplog.text
    assert sum("skipped" in line for line in caplog.messages) == 5 + 7 - 3


def test_the_published_counts_add_up():
    parts = openocr.SETS["union14m-l"]
    assert sum(part.words or 0 for part in parts if part.split == "train") == 3_224_143
    assert [part.words for part in parts if part.name == "general"] == [400_000]
    assert {part.name: part.words for part in openocr.SETS["ost"]} == {"WOST": 2416, "HOST": 2416}
    every = [part.name for found in openocr.SETS.values() for part in found]
    assert len(set(every)) == len(every) == 15


def test_prepared_sets_are_links_that_a_dataset_reads(tmp_path, capsys):
    raw, out = tmp_path / "raw", tmp_path / "deep/out"
    write_lmdb(raw / "OST/weak", ["ab", "cd"])
    write_lmdb(raw / "OST/heavy", ["ef"])
    put(raw / "OST/heavy", wh_000000001=b"30_12")
    arguments = ["--raw", str(raw), "--out", str(out)]
    assert main(["ost", *arguments]) == 0
    assert main(["ost", *arguments]) == 0  # the links are the same
    rows = [line.split()[1:8:2] for line in capsys.readouterr().out.splitlines() if "OST" in line]
    assert rows[:2] == [["test", "WOST", "2", "2416"], ["test", "HOST", "1", "2416"]]
    assert (out / "lmdb/test/HOST/data.mdb").is_symlink()
    words = LMDBWords(str(out / "lmdb/test"))
    assert list(words.labels) == ["ef", "ab", "cd"]
    assert list(words.ids)[0] == "HOST/image-000000001"
    np.testing.assert_array_equal(words.load(0).image.shape, (12, 30, 3))


def test_long_texts_want_a_longer_limit(tmp_path):
    text = "theprogrammeoffuturedevelopment"
    write_lmdb(tmp_path / "ltb/long_lmdb", [text])
    assert main(["ltb-long", "--raw", str(tmp_path), "--out", str(tmp_path / "o")]) == 0
    words = LMDBWords(str(tmp_path / "o"), labels={"max_label_length": 200})
    assert list(words.labels) == [text]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_000000002": png(0)[:60].tobytes()}, "image-000000002: .*not a whole image"),
        ({"label_000000001": None}, "image-000000001: missing label"),
        ({"label_000000002": b"\xff"}, "image-000000002: label is not UTF-8"),
        ({"num_samples": None}, "no num-samples"),
        (
            {"image_000000001": None, "label_000000002": None},
            r"image-000000001: missing image \(and 1 more",
        ),
    ],
)
def test_a_broken_word_is_named(tmp_path, changes, message):
    folder = write_lmdb(tmp_path / "OST/weak", ["ab", "cd"])
    put(folder, **changes)
    with pytest.raises(DataError, match=message) as caught:
        openocr.read(tmp_path, "ost")
    assert str(caught.value).startswith(str(folder))


def test_mistakes_are_named(tmp_path):
    with pytest.raises(DataError, match="nowhere: no such folder"):
        openocr.read(tmp_path / "nowhere", "ost")
    with pytest.raises(DataError, match="there is no LMDB of ltb-long"):
        openocr.read(tmp_path, "ltb-long")
    write_lmdb(tmp_path / "weak", ["ab"])
    (tmp_path / "out/lmdb/test/WOST").mkdir(parents=True)
    (tmp_path / "out/lmdb/test/WOST/data.mdb").write_bytes(b"mine")
    with pytest.raises(OutputError, match="data.mdb: is there already"):
        main(["ost", "--raw", str(tmp_path), "--out", str(tmp_path / "out")])
