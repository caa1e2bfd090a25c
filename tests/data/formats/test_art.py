from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tcm.data.formats import art
from tests.data.formats.raw_files import (
    assert_error,
    names,
    points,
    write_image,
    write_json,
    write_text,
)

POLYGON = [[1, 2], [6, 1], [11, 2], [11, 8], [6, 7], [1, 8]]


def label(text: str, illegible: bool = False) -> dict[str, Any]:
    return {
        "points": POLYGON,
        "transcription": text,
        "language": "Latin",
        "illegibility": illegible,
    }


def raw_dataset(folder: Path, **changes: Any) -> Path:
    labels = [label("a,b"), label("###"), label("x", illegible=True)]
    for name in ("gt_0", "gt_3", "gt_20"):
        write_image(folder / "train_images" / f"{name}.jpg")
    content = {"gt_0": labels, "gt_3": [], "gt_20": labels, **changes}
    write_json(folder / art.LABELS, {k: v for k, v in content.items() if v is not None})
    return folder


def test_polygons_texts_and_ignored_are_read(tmp_path: Path) -> None:
    (split, records), *others = art.read(raw_dataset(tmp_path)).items()
    assert (split, others) == ("train", [])
    assert names(records) == ["gt_0.jpg", "gt_3.jpg", "gt_20.jpg"]
    assert points(records[2], 0) == POLYGON
    assert records[0].instances.texts == ["a,b", "###", "x"]
    assert records[0].instances.ignored.tolist() == [False, True, True]
    assert len(records[1].instances) == 0


def test_images_of_the_public_lists_are_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    raw = raw_dataset(tmp_path)
    totaltext = write_text(
        raw / "t.list", "poly_gt_img883.txt gt_3.txt\npoly_gt_img1.txt gt_944.txt\n"
    )
    ctw1500 = write_text(raw / "c.txt", "gt_0\ngt_8\n")
    assert names(art.read(raw, exclude=[totaltext])["train"]) == ["gt_0.jpg", "gt_20.jpg"]
    assert names(art.read(raw, exclude=[totaltext, ctw1500])["train"]) == ["gt_20.jpg"]
    assert "2 of 3 images left out" in caplog.text


@pytest.mark.parametrize(
    ("lines", "place", "part"),
    [
        ("gt_0\nimg_3\n", ":2: ", "an id such as gt_3"),
        ("gt_77\n", ": ", "names none of the 3 images"),
        ("", ": ", "names none"),
    ],
)
def test_list_that_is_of_no_use_is_named(tmp_path: Path, lines: str, place: str, part: str) -> None:
    raw = raw_dataset(tmp_path)
    path = write_text(raw / "a.list", lines)
    assert_error(partial(art.read, exclude=[path]), raw, f"{path}{place}", part)


def test_everything_left_out_is_an_error(tmp_path: Path) -> None:
    raw = raw_dataset(tmp_path)
    path = write_text(raw / "a.list", "gt_0\ngt_3\ngt_20\n")
    assert_error(partial(art.read, exclude=[path]), raw, str(raw), "no annotated image")


@pytest.mark.parametrize(
    ("changes", "place", "part"),
    [
        ({"gt_3": [label("a"), {"points": [[1, 2], [3, 4]]}]}, ": gt_3[1]: ", "2 points"),
        ({"gt_3": [{"points": [[1, 2], [3, 4], [5]]}]}, ": gt_3[0]: ", "points [x, y]"),
        ({"gt_3": [{"points": [[1, 2], [3, 4], [5, "q"]]}]}, ": gt_3[0]: ", "'q' is no number"),
        ({"gt_3": [{"transcription": "a"}]}, ": gt_3[0]: ", "a list 'points'"),
        ({"gt_3": [label("a") | {"transcription": 7}]}, ": gt_3[0]: ", "transcription 7"),
        ({"gt_3": {}}, ": gt_3: ", "a list of labels"),
        ({"gt_3": None}, ": ", "no labels of"),
        ({"gt_4": []}, ": gt_4: ", "image is missing"),
    ],
)
def test_malformed_label_is_named(
    tmp_path: Path, changes: dict[str, Any], place: str, part: str
) -> None:
    raw = raw_dataset(tmp_path, **changes)
    assert_error(art.read, raw, f"{raw / art.LABELS}{place}", part)


def raw_lsvt(folder: Path, **changes: Any) -> Path:
    for place, name in zip(art.LSVT_IMAGES, ("gt_10", "gt_2"), strict=True):
        write_image(folder / place / f"{name}.jpg")
    content = {"gt_2": [label("中, 文"), label("###", illegible=True)], "gt_10": [], **changes}
    write_json(folder / art.LSVT_LABELS, {k: v for k, v in content.items() if v is not None})
    return folder


def test_lsvt_has_two_folders_of_images_and_one_file(tmp_path: Path) -> None:
    (split, records), *others = art.read_lsvt(raw_lsvt(tmp_path)).items()
    assert (split, others) == ("train", [])
    assert names(records) == ["gt_2.jpg", "gt_10.jpg"]
    assert records[0].instances.texts == ["中, 文", "###"]
    assert records[0].instances.ignored.tolist() == [False, True]
    assert points(records[0], 1) == POLYGON


@pytest.mark.parametrize(
    ("changes", "place", "part"),
    [
        ({"gt_2": [label("a"), {"points": [[1, 2], [3, 4]]}]}, ": gt_2[1]: ", "2 points"),
        ({"gt_10": None}, ": ", "no labels of"),
        ({"gt_4": []}, ": gt_4: ", "image is missing"),
    ],
)
def test_malformed_label_of_lsvt_is_named(
    tmp_path: Path, changes: dict[str, Any], place: str, part: str
) -> None:
    raw = raw_lsvt(tmp_path, **changes)
    assert_error(art.read_lsvt, raw, f"{raw / art.LSVT_LABELS}{place}", part)
