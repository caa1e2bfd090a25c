"""LTB's annotation files: fifteen splits of one set of images."""

from pathlib import Path
from typing import Any

from tcm.annotations.ltb import PARTS
from tcm.data.formats import ltb_det, unified
from tcm.data.formats.raw import IMAGE_SUFFIXES
from tests.data.formats.raw_files import HEIGHT, WIDTH, assert_error, names, write_image, write_json

POLYGON = [1, 2, 11, 2, 12, 5, 11, 8, 1, 8]


def entry(name: str, ignored: list[bool], **changes: Any) -> dict[str, Any]:
    instances = [
        {"bbox": [1, 2, 12, 8], "bbox_label": 0, "polygon": POLYGON, "ignore": mark, "text": "a"}
        for mark in ignored
    ]
    size = {"height": HEIGHT, "width": WIDTH}
    return {"img_path": name, **size, "instances": instances} | changes


def unified_file(path: Path, *entries: dict[str, Any]) -> Path:
    category = [{"id": 0, "name": "text"}]
    about = {"dataset_type": "TextDetDataset", "task_name": "textdet", "category": category}
    return write_json(path, {"metainfo": about, "data_list": list(entries)})


def raw_dataset(folder: Path, *parts: str) -> Path:
    """Write the layout; the first text has a challenge, the second none, the third is ignored."""
    for name in ("img_1.jpg", "1.png"):
        write_image(folder / ltb_det.IMAGES / name)
    for part in parts:
        marks = [False, part != "norm", True]
        path = folder / ltb_det.ANNOTATIONS / f"challenging_{part}.json"
        unified_file(path, entry("images/img_1.jpg", marks), entry("images/1.png", marks))
    return folder


def test_fifteen_splits_of_the_same_images_differ_in_their_marks(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    splits = ltb_det.read(raw_dataset(tmp_path, *PARTS), lambda *step: seen.append(step))
    assert tuple(splits) == PARTS and len(splits) == 15
    assert seen == [("images", 1, 2), ("images", 2, 2)]  # each image is decoded once
    for part, records in splits.items():
        assert names(records) == ["img_1.jpg", "1.png"]
        assert records[1].instances.ignored.tolist() == [False, part != "norm", True]
        assert records[0].instances.polygons[0].ravel().tolist() == POLYGON
        assert (records[0].height, records[0].width) == (HEIGHT, WIDTH)
    cared = {part: sum((~r.instances.ignored).sum() for r in splits[part]) for part in PARTS}
    assert cared["hard"] == 2 and cared["norm"] == 4


def test_a_prepared_split_is_read_as_it_was(tmp_path: Path) -> None:
    records = ltb_det.read(raw_dataset(tmp_path, "hard"))["hard"]
    unified.write(tmp_path / "hard.json", unified.relative(records, tmp_path))
    again = unified.read(tmp_path / "hard.json")
    assert [one.id for one in again] == [f"{ltb_det.IMAGES}/img_1.jpg", f"{ltb_det.IMAGES}/1.png"]
    assert again[0].instances.ignored.tolist() == [False, True, True]


def test_other_spellings_are_known_and_paths_may_start_at_the_images(tmp_path: Path) -> None:
    raw = raw_dataset(tmp_path)
    unified_file(raw / ltb_det.ANNOTATIONS / "challenging_blurred.json", entry("1.png", [False]))
    assert names(ltb_det.read(raw)["blurry"]) == ["1.png"]


def test_mistakes_are_named(tmp_path: Path) -> None:
    raw = raw_dataset(tmp_path, "norm")
    path = raw / ltb_det.ANNOTATIONS / "challenging_hard.json"
    bad = entry("1.png", [False])
    bad["instances"][0]["polygon"] = POLYGON[:5]
    unified_file(path, entry("images/img_1.jpg", [False]), bad)
    place = f"{path}: data_list[1]"
    assert_error(ltb_det.read, raw, f"{place}.instances[0].polygon: ", "5 numbers")
    unified_file(path, entry("images/img_2.jpg", [False]))
    assert_error(ltb_det.read, raw, f"{path}: data_list[0]: ", "no image images/img_2.jpg")
    unified_file(path, entry("images/1.png", [False], width=WIDTH + 1))
    image = raw / ltb_det.IMAGES / "1.png"
    assert_error(ltb_det.read, raw, f"{image}: ", f"the annotation says {WIDTH + 1}x{HEIGHT}")
    path.rename(path.with_name("challenging_hrad.json"))
    assert_error(ltb_det.read, raw, str(raw), "'hrad' is no part of LTB; did you mean 'hard'")
    assert image.suffix in IMAGE_SUFFIXES
