from pathlib import Path

import numpy as np
import pytest
import scipy.io

from tcm.annotations.instance import Instance
from tcm.data.formats import totaltext
from tcm.errors import DataError
from tests.data.formats.raw_files import assert_error, names, points, write_image, write_text

ENTRIES = (
    "x: [[ 1 11\n 11  1]], y: [[2 2 8\n   8]], ornt: [u'c'], transcriptions: [u'it\\'s']\r\n"
    "x: [[3 9 9]], y: [[3 3 9]], ornt: [u'#'], transcriptions: [u'#']\r\n"
)


def cell(*values: object) -> np.ndarray:
    """Return an object array, as MATLAB's cell."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


def mat_row(xs: list[int], ys: list[int], text: str, orientation: str) -> np.ndarray:
    """Return a row as in the official files: an absent text is an empty array."""
    texts = [np.array([value]) if value else np.zeros(0) for value in (text, orientation)]
    return cell(np.array(["x:"]), np.uint16([xs]), np.array(["y:"]), np.uint16([ys]), *texts)


def write_mat(path: Path, rows: list[np.ndarray], name: str = "polygt") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {name: np.stack(rows)})
    return path


def raw_dataset(folder: Path, annotations: str, suffix: str) -> Path:
    for name in ("Train", "Test"):
        for number in (2, 11):
            write_image(folder / "Images" / name / f"img{number}.jpg")
            path = folder / annotations / name / f"poly_gt_img{number}.{suffix}"
            if suffix == "txt":
                write_text(path, ENTRIES)
            else:
                rows = [mat_row([1, 11, 11, 1], [2, 2, 8, 8], "it's", "c")]
                write_mat(path, [*rows, mat_row([3, 9, 9], [3, 3, 9], "#", "#")])
    return folder


@pytest.mark.parametrize(
    ("annotations", "suffix"),
    [("txt_format", "txt"), ("Groundtruth/Polygon", "mat"), ("Groundtruth/Polygon", "txt")],
)
def test_both_kinds_give_the_same_words(tmp_path: Path, annotations: str, suffix: str) -> None:
    splits = totaltext.read(raw_dataset(tmp_path, annotations, suffix))
    assert list(splits) == ["train", "test"]
    assert names(splits["test"]) == ["img2.jpg", "img11.jpg"]
    record = splits["train"][1]
    assert record.instances.texts == ["it's", "#"]
    assert record.instances.ignored.tolist() == [False, True]
    assert points(record, 0) == [[1, 2], [11, 2], [11, 8], [1, 8]]
    assert points(record, 1) == [[3, 3], [9, 3], [9, 9]]


def test_later_layout_is_read(tmp_path: Path) -> None:
    annotations = "Annotation/groundtruth_polygonal_annotation"
    raw = raw_dataset(tmp_path, annotations, "txt")
    for name in ("Train", "Test"):
        (raw / "Images" / name).rename(raw / name)
    assert {split: len(records) for split, records in totaltext.read(raw).items()} == {
        "train": 2,
        "test": 2,
    }


def txt_word(folder: Path, orientation: str, texts: str) -> Instance:
    entry = f"x: [[1 9 9]], y: [[1 1 9]], ornt: {orientation}, transcriptions: {texts}"
    (word,) = totaltext.read_words(write_text(folder / "a.txt", entry))
    return word


def test_the_test_split_ignores_what_the_official_scripts_do_not_count(tmp_path: Path) -> None:
    raw = raw_dataset(tmp_path, "txt_format", "txt")
    for name in ("Train", "Test"):
        text = "x: [[3 9 9]], y: [[3 3 9]], ornt: [u'c'], transcriptions: [u'#']\n"
        write_text(raw / "txt_format" / name / "poly_gt_img2.txt", text)

    def flags(**options: str) -> dict[str, list[bool]]:
        splits = totaltext.read(raw, **options)  # type: ignore[arg-type]
        return {split: words[0].instances.ignored.tolist() for split, words in splits.items()}

    assert flags() == {"train": [True], "test": [False]}
    assert flags(dont_care="orientation") == {"train": [False], "test": [False]}
    assert flags(dont_care="unreadable") == {"train": [True], "test": [True]}


@pytest.mark.parametrize(
    ("orientation", "texts", "text", "ignored"),
    [
        ("[u'h']", "[u'a, b: c']", "a, b: c", False),
        ("[u'm']", "[u'say', u'no']", "sayno", False),
        ("[u'm']", '[u"it\'s"]', "it's", False),
        ("[u'm']", r"[u'caf\xe9']", "café", False),
        ("[]", "[u'word']", "word", False),
        ("[u'#']", "[u'word']", "word", True),
        ("[u'c']", "[u'#']", "#", True),
        ("[u'c']", "[]", "#", True),
        ("[u'c']", "[u',']", "#", True),
    ],
)
def test_unreadable_words_are_ignored(
    tmp_path: Path, orientation: str, texts: str, text: str, ignored: bool
) -> None:
    word = txt_word(tmp_path, orientation, texts)
    assert (word.text, word.ignored) == (text, ignored)


@pytest.mark.parametrize(
    ("text", "orientation", "kept", "ignored"),
    [("", "c", "#", True), ("a", "#", "a", True), ("a", "", "a", False), ("#", "h", "#", True)],
)
def test_unreadable_rows_are_ignored(
    tmp_path: Path, text: str, orientation: str, kept: str, ignored: bool
) -> None:
    rows = [mat_row([1, 9, 9, 1], [1, 1, 9, 9], text, orientation)]
    (word,) = totaltext.read_words(write_mat(tmp_path / "a.mat", rows, "gt"))
    assert (word.text, word.ignored) == (kept, ignored)


def test_ignored_point_is_kept_without_area(tmp_path: Path) -> None:
    entry = "x: [[5]], y: [[6]], ornt: [u'#'], transcriptions: [u'#']"
    (word,) = totaltext.read_words(write_text(tmp_path / "a.txt", entry))
    assert word.ignored
    assert word.polygon.tolist() == [[5, 6]] * 3


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ("x: [[1 9 9]], y: [[1 1]], ornt: [u'c'], transcriptions: [u'a']", "3 x and 2 y"),
        ("x: [[1 9]], y: [[1 1]], ornt: [u'c'], transcriptions: [u'a']", "2 points"),
        ("x: [[1 9 q]], y: [[1 1 9]], ornt: [u'c'], transcriptions: [u'a']", "'q' is no number"),
        ("x: [[1 9 9]], y: [[1 1 9]], ornt: [u'c']", "is wanted"),
    ],
)
def test_malformed_entry_is_named_with_its_first_line(
    tmp_path: Path, entry: str, part: str
) -> None:
    raw = raw_dataset(tmp_path, "txt_format", "txt")
    path = write_text(raw / "txt_format" / "Test" / "poly_gt_img11.txt", ENTRIES + entry)
    assert_error(totaltext.read, raw, f"{path}:5: ", part)


def test_malformed_row_is_named(tmp_path: Path) -> None:
    rows = [mat_row([1, 9, 9, 1], [1, 1, 9, 9], "a", "c"), mat_row([1, 2, 3], [1, 2], "a", "c")]
    path = write_mat(tmp_path / "a.mat", rows)
    with pytest.raises(DataError) as caught:
        totaltext.read_words(path)
    assert str(caught.value) == f"{path}: row 2: 3 x and 2 y coordinates"
