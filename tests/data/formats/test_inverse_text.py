from pathlib import Path
from typing import Any

import pytest

from tcm.data.formats import inverse_text
from tests.data.formats.raw_files import (
    HEIGHT,
    WIDTH,
    assert_error,
    names,
    points,
    write_image,
    write_json,
    write_text,
)

LINES = "1,2,6,1,11,2,11,8,6,7,1,8,####a, b\n1,2,11,2,11,8,####" + "###\n"
TEXTS = inverse_text.TEXTS[0]


def raw_dataset(folder: Path, *more: dict[str, Any], texts: str = TEXTS) -> Path:
    size = {"width": WIDTH, "height": HEIGHT}
    images = [{"id": n, "file_name": f"inv_{n}.jpg", **size} for n in (2, 10)]
    for image in images:
        write_image(folder / inverse_text.IMAGES / image["file_name"])
        write_text(folder / texts / f"{image['id']:07d}.txt", LINES)
    content = {"images": [*images, *more], "annotations": [], "categories": []}
    write_json(folder / inverse_text.LIST, content)
    return folder


@pytest.mark.parametrize("texts", inverse_text.TEXTS)
def test_an_image_has_the_file_of_its_id(tmp_path: Path, texts: str) -> None:
    (split, records), *others = inverse_text.read(raw_dataset(tmp_path, texts=texts)).items()
    assert (split, others) == ("test", [])
    assert names(records) == ["inv_2.jpg", "inv_10.jpg"]
    assert records[1].instances.texts == ["a, b", "###"]
    assert records[1].instances.ignored.tolist() == [False, True]
    assert points(records[0], 0) == [[1, 2], [6, 1], [11, 2], [11, 8], [6, 7], [1, 8]]


def test_mistakes_are_named(tmp_path: Path) -> None:
    raw = raw_dataset(tmp_path)
    path = raw / TEXTS / "0000010.txt"
    path.write_text(LINES + "1,2,x,2,11,8,####c\n", encoding="utf-8")
    assert_error(inverse_text.read, raw, f"{path}:3: ", "1,2,x,2")
    write_text(path, LINES)
    stray = write_text(raw / TEXTS / "0000011.txt", LINES)
    assert_error(inverse_text.read, raw, f"{stray}: ", "there is no image")
    stray.unlink()
    path.unlink()
    image = raw / inverse_text.IMAGES / "inv_10.jpg"
    assert_error(inverse_text.read, raw, f"{image}: ", f"its text file {path} is missing")
    raw_dataset(tmp_path, {"id": "x1", "file_name": "x.jpg", "width": 1, "height": 1})
    assert_error(inverse_text.read, raw, f"{raw / inverse_text.LIST}: image 'x1'", "seven digits")
