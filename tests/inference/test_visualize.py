"""Polygons on pictures, and pictures in files."""

import cv2
import numpy as np
import pytest

from tcm.errors import OutputError
from tcm.inference.visualize import FOUND, IGNORED, TRUE, draw, write_image
from tcm.structures import TextInstances

LEFT = [[4, 24], [24, 24], [24, 44], [4, 44]]
RIGHT = [[40, 24], [60, 24], [60, 44], [40, 44]]


def _image(value=0):
    return np.full((64, 64, 3), value, np.uint8)


def _at(image, x, y):
    """Return the name of the colour at a pixel; lines are smoothed and so a little off."""
    names = {"found": FOUND, "true": TRUE, "ignored": IGNORED, "black": (0, 0, 0)}
    distances = {n: np.abs(np.subtract(image[y, x], c, dtype=int)).max() for n, c in names.items()}
    name = min(distances, key=distances.get)
    return name if distances[name] <= 30 else tuple(image[y, x].tolist())


def test_the_image_is_copied_and_keeps_its_form():
    image = _image(7)
    picture = draw(image, TextInstances([LEFT]))
    assert (image == 7).all()
    assert picture.shape == image.shape and picture.dtype == np.uint8


def test_nothing_to_draw_gives_an_equal_copy():
    image = _image(7)
    picture = draw(image, TextInstances(), TextInstances())
    assert np.array_equal(picture, image)
    assert not np.shares_memory(picture, image)


def test_a_mirrored_view_can_be_drawn_on():
    assert _at(draw(_image()[:, ::-1], TextInstances([LEFT])), 4, 34) == "found"


def test_outlines_lie_on_the_polygons_in_their_colours():
    found = TextInstances([LEFT])
    truths = TextInstances([RIGHT, np.add(RIGHT, [-18, -20])], ignored=[False, True])
    picture = draw(_image(), found, truths)
    assert _at(picture, 4, 34) == _at(picture, 24, 34) == "found"
    assert _at(picture, 40, 34) == _at(picture, 60, 34) == "true"
    assert _at(picture, 22, 14) == _at(picture, 42, 14) == "ignored"
    assert _at(picture, 14, 34) == _at(picture, 50, 34) == "black"


def test_what_is_found_lies_over_the_truth():
    picture = draw(_image(), TextInstances([LEFT]), TextInstances([LEFT]))
    assert _at(picture, 4, 34) == _at(picture, 14, 44) == "found"


@pytest.mark.parametrize("labelled", [{"scores": [0.5]}, {"texts": ["abc"]}])
def test_scores_and_texts_are_written_above_the_polygon(labelled):
    plain = draw(_image(), TextInstances([LEFT]))
    picture = draw(_image(), TextInstances([LEFT], **labelled))
    rows, columns = np.nonzero((picture != plain).any(axis=2))
    assert len(rows) > 10
    assert rows.max() <= 26 and columns.min() >= 2


def test_lines_are_wider_on_large_images():
    widths = []
    for width in (64, 600, 1800):
        picture = draw(np.zeros((64, width, 3), np.uint8), TextInstances([LEFT]))
        widths.append(np.count_nonzero(picture[34, :14].any(axis=1)))
    assert widths[0] == widths[1] < widths[2]


def test_polygons_may_leave_the_image_and_lie_between_pixels():
    picture = draw(_image(), TextInstances([np.add(LEFT, [-14.4, 0.4])], scores=[1.0]))
    assert _at(picture, 10, 34) == "found"


def test_a_picture_is_written_as_rgb_into_a_new_folder(tmp_path):
    image = _image()
    image[:, :32] = (200, 100, 50)
    write_image(tmp_path / "new" / "folder" / "a.png", image)
    written = cv2.imread(str(tmp_path / "new" / "folder" / "a.png"), cv2.IMREAD_COLOR_RGB)
    assert np.array_equal(written, image)


def test_a_picture_that_cannot_be_written_is_named(tmp_path):
    path = tmp_path / "a.nothing"
    with pytest.raises(
        OutputError, match=r"a\.nothing: no image format is known by .* '\.nothing'"
    ):
        write_image(path, _image())
