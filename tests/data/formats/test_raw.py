from pathlib import Path

import numpy as np
import pytest

from tcm.annotations.instance import Instance
from tcm.data.formats import raw
from tcm.data.formats.raw import Source, folder, images_in, pair, parallel, read_sources
from tcm.errors import DataError
from tests.data.formats.raw_files import HEIGHT, WIDTH, names, write_image, write_text


def test_images_come_in_numeric_order_without_hidden_files(tmp_path: Path) -> None:
    for name in ("a/img_10.jpg", "a/img_9.PNG", "b/img_2.gif", "b/.img_1.jpg"):
        write_image(tmp_path / name)
    write_text(tmp_path / "a" / "img_1.txt", "")
    found = [path.name for path in images_in(tmp_path / "a", tmp_path / "b")]
    assert found == ["img_2.gif", "img_9.PNG", "img_10.jpg"]


def test_all_formats_are_decoded(tmp_path: Path) -> None:
    sources = []
    for suffix in raw.IMAGE_SUFFIXES:
        write_image(tmp_path / f"a{suffix}")
        sources.append(Source(tmp_path / f"a{suffix}", list))
    records = read_sources("train", sources, raw.silent)
    assert {(record.height, record.width) for record in records} == {(HEIGHT, WIDTH)}


def test_counter_clockwise_polygon_is_turned_and_keeps_its_first_point(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png")
    backwards = np.array([[1, 2], [1, 8], [9, 8], [9, 2]], np.float32)
    source = Source(tmp_path / "a.png", lambda: [Instance(backwards, "w", True)])
    (record,) = read_sources("train", [source], raw.silent)
    np.testing.assert_array_equal(record.instances.polygons[0], [[1, 2], [9, 2], [9, 8], [1, 8]])
    assert record.instances.texts == ["w"]
    assert record.instances.ignored.tolist() == [True]
    np.testing.assert_array_equal(backwards[1], [1, 8])


def test_image_of_another_size_than_annotated_is_named(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png")
    source = Source(tmp_path / "a.png", list, (30, 40))
    with pytest.raises(DataError, match=r"a\.png: 32x24 pixels, the annotation says 40x30"):
        read_sources("train", [source], raw.silent)


def test_chunks_keep_the_order_and_report_every_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw, "_CHUNK", 2)
    for i in range(5):
        write_image(tmp_path / f"{i}.png")
    seen: list[tuple[str, int, int]] = []
    sources = [Source(tmp_path / f"{i}.png", list) for i in range(5)]
    records = read_sources("val", sources, lambda *step: seen.append(step))
    assert names(records) == [f"{i}.png" for i in range(5)]
    assert seen == [("val", i, 5) for i in range(1, 6)]
    assert list(parallel(abs, [-1, -2, -3])) == [1, 2, 3]


def test_first_folder_that_exists_is_found_and_its_namesake_in_it(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    assert folder(tmp_path, "a", "b/c", "b") == tmp_path / "b" / "c"
    (tmp_path / "b" / "c" / "c").mkdir()
    assert folder(tmp_path, "b/c") == tmp_path / "b" / "c" / "c"
    with pytest.raises(DataError, match=r"the folder 'bb' \(or 'x'\) is missing; did you mean 'b'"):
        folder(tmp_path, "bb", "x")


def test_two_images_with_one_text_file_are_named(tmp_path: Path) -> None:
    images = [tmp_path / "a.jpg", tmp_path / "a.png"]
    write_text(tmp_path / "a.txt", "")
    with pytest.raises(DataError, match=r"a\.png: .*a\.jpg has the same text file"):
        pair(images, tmp_path, "{}.txt")


def test_other_files_beside_the_texts_are_no_matter(tmp_path: Path) -> None:
    for name in ("gt_a.txt", "readme.txt", ".gt_b.txt"):
        write_text(tmp_path / name, "")
    assert pair([tmp_path / "a.jpg"], tmp_path, "gt_{}.txt") == [
        (tmp_path / "a.jpg", tmp_path / "gt_a.txt")
    ]
