"""Annotations as flat arrays and their cache: what the parser of every entry returns."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tcm.data.formats import unified
from tcm.data.storage import packed, packed_records
from tcm.errors import DataError

QUAD = [1, 1, 9, 1, 9, 5, 1, 5]
USUAL = {"polygon": QUAD, "bbox": [1, 1, 9, 5], "bbox_label": 0, "ignore": False, "text": "a"}


def _write(folder: Path, *images: list[Any], name: str = "train.json") -> Path:
    entries = [
        {"img_path": f"é/{i}.jpg", "height": 40 + i, "width": 60, "instances": instances}
        for i, instances in enumerate(images)
    ]
    path = folder / name
    path.write_text(json.dumps({"data_list": entries}), encoding="utf-8")
    os.utime(path, (1e9, 1e9))
    return path


def _same(found: Any, wanted: Any) -> None:
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        assert (ours.img_path, ours.id) == (theirs.img_path, theirs.id)
        assert (ours.height, ours.width) == (theirs.height, theirs.width)
        one, other = ours.instances, theirs.instances
        assert one.texts == other.texts and len(one) == len(other)
        np.testing.assert_array_equal(one.ignored, other.ignored)
        np.testing.assert_array_equal(one.labels, other.labels)
        for a, b in zip(one.polygons, other.polygons, strict=True):
            assert a.dtype == b.dtype == np.float32
            np.testing.assert_array_equal(a, b)


FORMS = [
    {},
    {"text": None},
    {"text": ""},
    {"text": "日本 \ud800"},
    {"ignore": True, "text": "###"},
    {"ignore": 1},
    {"bbox_label": 3},
    {"score": 0.5},
    {"polygon": QUAD[::-1]},
    {"polygon": [1, 1, 1, 5, 9, 5, 9, 1]},
    {"polygon": [0.1, 0.2, 9.3, 1, 5, 7.7, 4, 6, 1, 5]},
    {"polygon": [2, 2, 4, 4, 6, 6]},  # without area
    {"polygon": [0, 0, 1, 0, 1, 1]},
    {"polygon": [0, 0, True, 0, 1, 1.5]},
    {"polygon": [999_999, 0, 1_000_000, 5, 1, 1]},
    {"polygon": None},
    {"polygon": None, "beziers": [0, 0, 3, 0, 6, 0, 9, 0, 9, 6, 6, 6, 3, 6, 0, 6]},
]


def test_every_form_is_read_as_by_the_parser(tmp_path: Path) -> None:
    instances = [USUAL | form for form in FORMS]
    lacking = [{k: v for k, v in USUAL.items() if k != key} for key in USUAL]
    path = _write(tmp_path, instances, [], lacking, *([one] for one in instances))
    _same(packed_records.read(path), unified.read(path))
    _same(packed_records.read(path, "root"), unified.read(path, "root"))


@pytest.mark.parametrize("seed", range(3))
def test_orientation_is_decided_as_by_the_polygon_alone(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = [rng.normal(50, 20, 2 * rng.integers(3, 12)).tolist() for _ in range(100)]
    shapes += [rng.integers(2, 5, 8).tolist() for _ in range(100)]
    thin = [[x, 3 * x, x + 1e-3, 3 * x + 3e-3, 7.1, 21.3] for x in rng.normal(50, 20, 50)]
    images = [[USUAL | {"polygon": shape}] for shape in shapes + thin]
    path = _write(tmp_path, *images)
    _same(packed_records.read(path), unified.read(path))


@pytest.mark.parametrize(
    "wrong",
    [
        {"polygon": [1, 2, 3, "4", 5, 6]},
        {"polygon": [1, 2, 3, None, 5, 6]},
        {"polygon": [True] * 6},
        {"polygon": [1, 2, [3], 4, 5, 6]},
        {"polygon": [1, 2, float("nan"), 4, 5, 6]},
        {"polygon": [1, 2, 3, 4]},
        {"polygon": [1, 2, 3, 4, 5, 6, 7]},
        {"text": 5},
        {"ignore": "no"},
        {"bbox_label": 0.5},
        {"score": "high"},
    ],
)
def test_mistakes_are_told_as_by_the_parser(tmp_path: Path, wrong: dict[str, Any]) -> None:
    path = _write(tmp_path, [USUAL], [USUAL, USUAL | wrong])
    with pytest.raises(DataError) as wanted:
        unified.read(path)
    with pytest.raises(DataError) as found:
        packed_records.read(path)
    assert str(found.value) == str(wanted.value)
    assert f"{path}: data_list[1].instances[1]" in str(found.value)


def test_cared_counts_what_is_not_ignored(tmp_path: Path) -> None:
    ignored = USUAL | {"ignore": True}
    path = _write(tmp_path, [], [USUAL, ignored, USUAL], [ignored], [])
    assert packed_records.read(path).cared.tolist() == [0, 2, 0, 0]


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Return a file that is worth a cache, and where that is."""
    monkeypatch.setattr(packed, "SMALLEST", 1)
    path = _write(tmp_path, [USUAL], [], [USUAL, USUAL | {"text": None}])
    return path, tmp_path / "train.json.tcm-cache"


def _refuse(*_: Any) -> None:
    pytest.fail("the file was read")


def test_a_second_reading_takes_the_cache(cached, monkeypatch: pytest.MonkeyPatch) -> None:
    path, cache = cached
    packed_records.read(path)
    assert cache.is_file()
    monkeypatch.setattr(packed_records, "pack", _refuse)
    _same(packed_records.read(path, "root"), unified.read(path, "root"))


def test_another_size_or_time_makes_the_cache_anew(cached) -> None:
    path, cache = cached
    packed_records.read(path)
    _write(path.parent, [USUAL])
    assert len(packed_records.read(path)) == 1
    before = cache.stat().st_ino
    os.utime(path, (1e9 + 1, 1e9 + 1))
    packed_records.read(path)
    assert cache.stat().st_ino != before


@pytest.mark.parametrize("damage", ["truncated", "changed", "emptied", "header"])
def test_a_damaged_cache_is_made_anew(cached, damage: str) -> None:
    path, cache = cached
    packed_records.read(path)
    content = cache.read_bytes()
    at = content.index(np.array(QUAD, np.float32).tobytes())
    spoiled = {
        "truncated": content[:-1],
        "changed": content[:at] + b"\xff" + content[at + 1 :],
        "emptied": b"",
        "header": content[:16] + b"\xff" * 40 + content[56:],
    }
    cache.write_bytes(spoiled[damage])
    _same(packed_records.read(path), unified.read(path))
    assert cache.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_no_error(cached, monkeypatch) -> None:
    path, cache = cached
    monkeypatch.setattr(
        Path, "replace", lambda *_: (_ for _ in ()).throw(PermissionError(13, "no"))
    )
    _same(packed_records.read(path), unified.read(path))
    assert [p.name for p in path.parent.iterdir()] == ["train.json"]


def test_no_cache_of_what_is_small_or_was_just_written_or_unwanted(tmp_path, monkeypatch) -> None:
    path = _write(tmp_path, [USUAL])
    packed_records.read(path)
    monkeypatch.setattr(packed, "SMALLEST", 1)
    packed_records.read(path, cache=False)
    os.utime(path)
    packed_records.read(path)
    assert [p.name for p in tmp_path.iterdir()] == ["train.json"]


def test_pickled_it_is_the_name_of_the_cache(cached) -> None:
    path, cache = cached
    records = packed_records.read(path)
    sent = pickle.dumps(records)
    assert len(sent) < 2000
    _same(pickle.loads(sent), records)
    cache.unlink()
    with pytest.raises(DataError, match=r"tcm-cache: this cache was deleted or changed"):
        pickle.loads(sent)


def test_pickled_without_a_cache_it_is_its_arrays(cached) -> None:
    records = packed_records.read(cached[0], cache=False)
    _same(pickle.loads(pickle.dumps(records)), records)


def test_instances_without_a_text_take_the_fast_way_unless_another_key_may_hold_it(tmp_path):
    bare = {key: value for key, value in USUAL.items() if key != "text"}
    group = packed_records._Group(tmp_path, [], strict=False)
    entry = {"img_path": "a.jpg", "height": 9, "width": 9}
    assert group._take_plain({**entry, "instances": [bare]})
    assert not group._take_plain({**entry, "instances": [{**bare, "transcription": "a"}]})


def test_the_classes_stand_in_the_cache(cached) -> None:
    path, file = cached
    packed_records.read(path)
    content = packed.load(file, packed.stamp_of(path, "unified JSON"))
    assert content is not None and content.notes == {"classes": ["text"]}
    assert packed_records.read(path).classes == ("text",)
