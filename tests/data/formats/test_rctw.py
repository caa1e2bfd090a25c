from pathlib import Path

import pytest

from tcm.data.formats import rctw
from tests.data.formats.raw_files import assert_error, names, points, write_image, write_text

LINES = (
    '\ufeff1,2,11,2,11,8,1,8,0,"甲, 乙"\r\n1,2,11,2,11,8,1,8,1,"x"\r\n1,2,11,2,11,8,1,8,0,"###"\r\n'
)


def raw_dataset(folder: Path, lines: str = LINES) -> Path:
    for number in (2, 10):
        write_image(folder / rctw.IMAGES / f"image_{number}.jpg")
        write_text(folder / rctw.TEXTS / f"image_{number}.txt", lines)
    return folder


def test_texts_keep_their_commas_and_difficult_ones_are_ignored(tmp_path: Path) -> None:
    (split, records), *others = rctw.read(raw_dataset(tmp_path)).items()
    assert (split, others) == ("train", [])
    assert names(records) == ["image_2.jpg", "image_10.jpg"]
    assert records[1].instances.texts == ["甲, 乙", "x", "###"]
    assert records[1].instances.ignored.tolist() == [False, True, True]
    assert points(records[0], 2) == [[1, 2], [11, 2], [11, 8], [1, 8]]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ('1,2,11,2,11,8,1,8,"a"', "difficult as a number"),
        ("1,2,11,2,11,8", "is wanted"),
        ('1,2,q,2,11,8,1,8,0,"a"', "'q'"),
    ],
)
def test_malformed_line_is_named(tmp_path: Path, line: str, part: str) -> None:
    raw = raw_dataset(tmp_path, LINES + line + "\r\n")
    assert_error(rctw.read, raw, f"{raw / rctw.TEXTS / 'image_2.txt'}:4: ", part)
