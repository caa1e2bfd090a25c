import json
from pathlib import Path
from typing import Any

import pytest

from tcm.data.prepare import check
from tcm.data.prepare.check import Finding, find_mistakes
from tcm.errors import DataError
from tests.data.builders import write_dataset
from tests.data.formats.raw_files import HEIGHT, WIDTH, write_image, write_text

QUAD = [1, 2, 11, 2, 11, 8, 1, 8]


def written(folder: Path, *instances: Any, **changes: Any) -> Path:
    """Write an image and an annotation file of it."""
    write_image(folder / "a.png")
    size = {"height": HEIGHT, "width": WIDTH}
    entry = {"img_path": "a.png", **size, "instances": list(instances)} | changes
    path = folder / "train.json"
    path.write_text(json.dumps({"data_list": [entry]}))
    return path


def test_sound_file_has_no_mistakes(tmp_path: Path) -> None:
    assert find_mistakes(write_dataset(tmp_path)) == []
    border = {"polygon": [0, 0, WIDTH, 0, WIDTH, HEIGHT, 0, HEIGHT], "text": "a"}
    ignored = {"polygon": QUAD, "text": "", "ignore": True}
    other = tmp_path / "other"
    assert find_mistakes(written(other, border, ignored, {"bbox": [1, 2, 3, 4]})) == []


@pytest.mark.parametrize(
    ("instance", "kind"),
    [
        ({"polygon": [1, 2, 11, 8, 11, 2, 1, 8]}, check.NOT_SIMPLE),
        ({"polygon": [1, 2, 5, 2, 9, 2]}, check.NOT_SIMPLE),
        ({"polygon": [-1, 2, 11, 2, 11, 8, 1, 8]}, check.ACROSS),
        ({"polygon": [1, 2, WIDTH + 0.5, 2, 11, 8, 1, 8]}, check.ACROSS),
        ({"polygon": [1, 2, 11, 2, 11, HEIGHT + 1, 1, 8]}, check.ACROSS),
        ({"polygon": [40, 2, 50, 2, 50, 8, 40, 8]}, check.OUTSIDE),
        ({"polygon": [1, -9, 11, -9, 11, 0, 1, 0]}, check.OUTSIDE),
        ({"polygon": [1, 2, 3, 4]}, check.FEW_POINTS),
        ({"polygon": []}, check.FEW_POINTS),
        ({"polygon": QUAD[:7]}, check.MALFORMED),
        ({"polygon": QUAD, "text": 7}, check.MALFORMED),
        ({}, check.MALFORMED),
        ("word", check.MALFORMED),
        ({"polygon": QUAD, "text": ""}, check.EMPTY_TEXT),
        ({"polygon": QUAD, "text": " \t"}, check.EMPTY_TEXT),
    ],
)
def test_mistake_of_an_instance_is_found_with_its_place(
    tmp_path: Path, instance: Any, kind: str
) -> None:
    sound = {"polygon": QUAD, "text": "a"}
    (finding,) = find_mistakes(written(tmp_path, sound, instance, sound))
    assert finding.kind == kind
    assert finding.line.startswith("data_list[0].instances[1]")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"img_path": "b.png"}, check.MISSING),
        ({"height": HEIGHT + 1}, check.SIZE),
        ({"height": WIDTH, "width": HEIGHT}, check.SIZE),
        ({"height": None}, check.MALFORMED),
        ({"instances": None}, check.MALFORMED),
    ],
)
def test_mistake_of_an_image_is_found(tmp_path: Path, changes: dict[str, Any], kind: str) -> None:
    (finding,) = find_mistakes(written(tmp_path, **changes))
    assert finding.kind == kind
    assert finding.line.startswith("data_list[0]")


def test_truncated_image_is_found(tmp_path: Path) -> None:
    path = written(tmp_path)
    image = tmp_path / "a.png"
    image.write_bytes(image.read_bytes()[:500])
    assert [finding.kind for finding in find_mistakes(path)] == [check.DAMAGED]


def test_all_mistakes_are_found_and_duplicates_too(tmp_path: Path) -> None:
    path = written(tmp_path, {"polygon": [1, 2, 40, 8, 40, 2, 1, 8], "text": ""})
    (entry,) = json.loads(path.read_text())["data_list"]
    again = entry | {"img_path": "./a.png", "instances": []}
    path.write_text(json.dumps({"data_list": [entry, again, 3]}))
    found = find_mistakes(path)
    expected = [check.NOT_SIMPLE, check.ACROSS, check.EMPTY_TEXT, check.DUPLICATE, check.MALFORMED]
    assert [finding.kind for finding in found] == expected
    assert found[3] == Finding(check.DUPLICATE, "data_list[1]: ./a.png is also data_list[0]")


def test_images_are_looked_for_in_the_root_and_progress_is_reported(tmp_path: Path) -> None:
    path = written(tmp_path)
    seen: list[tuple[str, int, int]] = []
    elsewhere = find_mistakes(path, tmp_path / "x", lambda *step: seen.append(step))
    assert [finding.kind for finding in elsewhere] == [check.MISSING]
    assert seen == [("train.json", 1, 1)]


def test_file_of_another_format_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="data_list"):
        find_mistakes(write_text(tmp_path / "a.json", '{"images": []}'))
