import gzip
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tcm.annotations.hiertext import Level
from tcm.data.formats import hiertext
from tests.data.formats.raw_files import HEIGHT, WIDTH, assert_error, names, points, write_image


def box(*place: int) -> list[list[int]]:
    left, top, right, bottom = place
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def text(place: tuple[int, ...], written: str, legible: bool = True, **more: Any) -> dict[str, Any]:
    marks = {"legible": legible, "handwritten": False, "vertical": False}
    return {"vertices": box(*place), "text": written, **marks, **more}


def page(name: str) -> dict[str, Any]:
    """Return a page of two paragraphs: a line of two words, and an illegible one without words."""
    words = [text((1, 1, 5, 4), "Big"), text((6, 1, 9, 4), "", legible=False)]
    first = text((0, 0, 10, 5), "Big ", legible=False, words=words)
    second = text((0, 6, 10, 9), "", legible=False, words=[])
    paragraphs = [
        {"vertices": box(0, 0, 11, 6), "legible": True, "lines": [first]},
        {"vertices": box(0, 6, 11, 9), "legible": False, "lines": [second]},
    ]
    size = {"image_width": WIDTH, "image_height": HEIGHT}
    return {"image_id": name, **size, "paragraphs": paragraphs}


def write(path: Path, *pages: dict[str, Any]) -> Path:
    content = json.dumps({"info": {"version": 1}, "annotations": list(pages)}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def raw_dataset(folder: Path, *splits: str, suffix: str = ".jsonl.gz") -> Path:
    for split in splits:
        for name in ("0a", "1b"):
            write_image(folder / split / f"{name}.jpg")
        write(folder / f"gt/{split}{suffix}", page("1b"), page("0a"))
    return folder


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".jsonl"])
def test_words_are_read_from_the_splits_that_are_there(tmp_path: Path, suffix: str) -> None:
    splits = hiertext.read(raw_dataset(tmp_path, "validation", "test", suffix=suffix))
    assert list(splits) == ["val", "test"]
    record = splits["val"][0]
    assert names(splits["val"]) == ["1b.jpg", "0a.jpg"]  # as the file has them
    assert record.instances.texts == ["Big", None]
    assert record.instances.ignored.tolist() == [False, True]
    assert points(record, 1) == box(6, 1, 9, 4)


@pytest.mark.parametrize(
    ("level", "texts", "ignored", "outline"),
    [
        ("line", ["Big ", None], [True, True], (0, 0, 10, 5)),
        ("paragraph", [None, None], [False, True], (0, 0, 11, 6)),
    ],
)
def test_lines_and_paragraphs_have_outlines_of_their_own(
    tmp_path: Path,
    level: Level,
    texts: list[str | None],
    ignored: list[bool],
    outline: tuple[int, ...],
) -> None:
    record = hiertext.read(raw_dataset(tmp_path, "train"), level=level)["train"][0]
    assert record.instances.texts == texts
    assert record.instances.ignored.tolist() == ignored
    assert points(record, 0) == box(*outline)


def test_mistakes_are_named(tmp_path: Path) -> None:
    raw = raw_dataset(tmp_path, "train")
    path, bad = raw / "gt/train.jsonl.gz", page("0a")
    bad["paragraphs"][0]["lines"][0]["words"][1]["vertices"][2] = [5]
    write(path, page("1b"), bad)
    place = f"{path}: annotations[1].paragraphs[0].lines[0]"
    assert_error(hiertext.read, raw, f"{place}.words[1]: ", "vertices [x, y] are wanted")
    del bad["paragraphs"][0]["lines"][0]["legible"]
    write(path, page("1b"), bad)
    assert_error(partial(hiertext.read, level="line"), raw, f"{place}: ", "'legible' of type bool")
    write(path, page("1b"))
    assert_error(hiertext.read, raw, f"{path}: ", "no labels of")
    write(path, page("1b"), page("0a") | {"image_width": 7})
    assert_error(hiertext.read, raw, f"{raw / 'train/0a.jpg'}: ", f"says 7x{HEIGHT}")
    path.write_bytes(path.read_bytes()[:20])
    assert_error(hiertext.read, raw, f"{path}", "no JSON")
    path.unlink()
    assert_error(hiertext.read, raw, f"{raw}: ", "gt/train.jsonl.gz is missing")
