"""Files, folders, patterns, pages and frames."""

import cv2
import numpy as np
import pypdfium2
import pytest
from PIL import Image

from tcm.errors import DataError
from tcm.inference.reading.chain import Failure
from tcm.reader import sources
from tcm.reader.sources import files_of, pictures_of


def _write(path, value=200, size=(20, 30)):
    Image.fromarray(np.full((*size, 3), value, np.uint8)).save(path)


def _names(items):
    return [item.name.rpartition("/")[2] for item in items]


def test_a_folder_stands_for_its_pictures_and_a_pattern_for_what_it_matches(tmp_path):
    (tmp_path / "deep").mkdir()
    for name in ("b.jpg", "a.PNG", "deep/c.png"):
        _write(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    folder = [str(tmp_path / name) for name in ("a.PNG", "b.jpg")]
    assert files_of([tmp_path]) == folder
    assert files_of([tmp_path / "**/*.png"]) == [str(tmp_path / "deep/c.png")]
    assert files_of([tmp_path, tmp_path / "b.jpg"]) == folder  # each once


def test_a_place_without_pictures_is_named(tmp_path):
    with pytest.raises(DataError, match="no images in this folder"):
        files_of([tmp_path])
    with pytest.raises(DataError, match=r"\*\.png: no file matches"):
        files_of([tmp_path / "*.png"])


def test_what_cannot_be_read_is_a_failure_and_the_rest_goes_on(tmp_path):
    _write(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_text("text")
    (tmp_path / "c.pdf").write_text("text")
    (tmp_path / "d.mp4").write_text("text")
    names = [tmp_path / name for name in ("none.png", "a.png", "b.jpg", "c.pdf", "d.mp4")]
    items = list(pictures_of(names))
    assert [isinstance(item, Failure) for item in items] == [True, False, True, True, True]
    for item, name in zip(items, names, strict=True):
        assert item.name == str(name)
        if isinstance(item, Failure):
            assert str(name) in str(item.error) and "\n" not in str(item.error)


def test_pages_of_a_pdf_are_pictures(tmp_path):
    pages = [Image.new("RGB", (72, 36), colour) for colour in ("white", "black")]
    pages[0].save(tmp_path / "a.pdf", save_all=True, append_images=pages[1:], resolution=72)
    items = list(pictures_of([tmp_path / "a.pdf"]))
    assert _names(items) == ["a.pdf#page=1", "a.pdf#page=2"]
    assert items[0].image.shape == (100, 200, 3)  # an inch has 200 pixels
    assert [item.image.mean() for item in items] == [255, 0]
    assert items[1].again().max() == 0


def test_a_page_that_cannot_be_drawn_is_a_failure_and_the_others_come(tmp_path, monkeypatch):
    pages = [Image.new("RGB", (72, 36)) for _ in range(3)]
    pages[0].save(tmp_path / "a.pdf", save_all=True, append_images=pages[1:])
    drawn = sources._drawn

    def second_fails(page, name):
        if name.endswith("#page=2"):
            raise pypdfium2.PdfiumError("no page")
        return drawn(page, name)

    monkeypatch.setattr(sources, "_drawn", second_fails)
    items = list(pictures_of([tmp_path / "a.pdf"]))
    assert [isinstance(item, Failure) for item in items] == [False, True, False]
    assert str(items[1].error) == f"{tmp_path / 'a.pdf'}#page=2: no page"


def test_every_so_many_frames_of_a_video_are_pictures(tmp_path):
    path = str(tmp_path / "a.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), 10, (32, 32))
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no videos")
    for value in range(0, 250, 50):
        writer.write(np.full((32, 32, 3), value, np.uint8))
    writer.release()
    items = list(pictures_of([path], every=2))
    assert _names(items) == ["a.avi#frame=0", "a.avi#frame=2", "a.avi#frame=4"]
    assert [round(item.image.mean() / 50) for item in items] == [0, 2, 4]


def test_what_is_done_is_not_loaded(tmp_path):
    _write(tmp_path / "a.png")
    (tmp_path / "broken.png").write_text("text")
    paths = [str(tmp_path / name) for name in ("a.png", "broken.png")]
    assert _names(pictures_of(paths, done=lambda name: "broken" in name)) == ["a.png"]


def test_arrays_are_numbered():
    items = list(pictures_of([np.zeros((4, 4), np.uint8), np.zeros((4, 4, 7), np.uint8)]))
    assert _names(items) == ["image 0", "image 1"]
    assert isinstance(items[1], Failure)
