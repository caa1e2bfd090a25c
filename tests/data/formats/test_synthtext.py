from pathlib import Path

import numpy as np
import pytest
import scipy.io

from tcm.data.formats import synthtext
from tests.data.formats.raw_files import assert_error, names, points, write_image
from tests.data.formats.test_totaltext import cell

QUAD = np.array([[1, 2], [11, 2], [11, 8], [1, 8]], np.float32)
NAMES = ("8/ballet_106_0.jpg", "8/ballet_106_1.jpg")


def boxes(count: int) -> np.ndarray:
    """Return the (2, 4, count) boxes of words, each a pixel lower than the one before."""
    shifted = [QUAD + [0, i] for i in range(count)]
    return np.stack(shifted).transpose(2, 1, 0).astype(np.float32)


def raw_dataset(folder: Path, **changes: np.ndarray) -> Path:
    for name in NAMES:
        write_image(folder / name)
    # The official file collapses the boxes of an image with one word to (2, 4).
    content = {
        "imnames": cell(*(np.array([name]) for name in NAMES)),
        "wordBB": cell(boxes(3), boxes(1)[:, :, 0]),
        "txt": cell(np.array(["the quick\n brown   "]), np.array(["fox "])),
        "charBB": cell(boxes(3), boxes(1)),
        **changes,
    }
    found = {name: value[None] for name, value in content.items() if value is not None}
    scipy.io.savemat(folder / synthtext.ANNOTATION, found)
    return folder


def test_words_are_split_at_white_space_and_single_boxes_restored(tmp_path: Path) -> None:
    records = synthtext.read(raw_dataset(tmp_path))["train"]
    assert names(records) == [Path(name).name for name in NAMES]
    assert records[0].instances.texts == ["the", "quick", "brown"]
    assert records[1].instances.texts == ["fox"]
    assert points(records[0], 2) == (QUAD + [0, 2]).tolist()
    assert points(records[1], 0) == QUAD.tolist()
    assert not records[0].instances.ignored.any()


def test_words_and_boxes_must_agree(tmp_path: Path) -> None:
    raw = raw_dataset(tmp_path, txt=cell(np.array(["one two"]), np.array(["fox"])))
    place = f"{raw / 'gt.mat'}: image 1 ({NAMES[0]}): "
    assert_error(synthtext.read, raw, place, "2 words for 3 boxes")


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"txt": cell(np.array(["a b c"]))}, "2 imnames, 2 wordBB, 1 txt"),
        ({"txt": None}, "no variable 'txt'"),
        ({"wordBB": cell(boxes(3), np.zeros((4, 2)))}, "image 2"),
        ({"wordBB": cell(boxes(3) * np.nan, boxes(1))}, "not finite"),
    ],
)
def test_malformed_file_is_named(tmp_path: Path, changes: dict[str, np.ndarray], part: str) -> None:
    raw = raw_dataset(tmp_path, **changes)
    assert_error(synthtext.read, raw, f"{raw / 'gt.mat'}: ", part)


def test_missing_image_and_missing_annotation_are_named(tmp_path: Path) -> None:
    raw = raw_dataset(tmp_path)
    (raw / NAMES[1]).unlink()
    assert_error(synthtext.read, raw, f"{raw / NAMES[1]}: ", "no such image")
    (raw / "gt.mat").unlink()
    assert_error(synthtext.read, raw, f"{raw / 'gt.mat'}: ", "no such file")
