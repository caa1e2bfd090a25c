import numpy as np

from tcm.inference.class_colours import colour_of, write_legend
from tcm.inference.visualize import FOUND, IGNORED, draw
from tcm.structures import TextInstances

BOXES = [np.array([[x, 60], [x + 20, 60], [x + 20, 80], [x, 80]]) for x in (10, 50)]
CLASSES = ("plane", "ship", "harbor")


def is_near(pixel, colour):
    """Whether a pixel of a smoothed line has a colour."""
    return np.abs(pixel.astype(int) - colour).max() < 40


def picture(**sides):
    found = TextInstances([], labels=[], scores=[]) if "found" not in sides else sides["found"]
    return draw(np.zeros((120, 160, 3), np.uint8), found, sides.get("truths"), classes=CLASSES)


def test_colours_of_eighteen_classes_are_apart_and_truths_darker():
    colours = np.array([colour_of(label) for label in range(18)], int)
    apart = np.abs(colours[:, None] - colours).sum(axis=2) + 999 * np.eye(18, dtype=int)
    assert apart.min() > 30
    assert sum(colour_of(3, true=True)) < sum(colour_of(3))


def test_each_class_has_its_colour_and_ignored_ones_none():
    truths = TextInstances(BOXES, ignored=[False, True], labels=[0, 2])
    found = TextInstances(BOXES[1:], scores=[0.5], labels=[1])
    assert is_near(picture(truths=truths)[60, 20], colour_of(0, true=True))
    assert is_near(picture(truths=truths)[60, 60], IGNORED)
    assert is_near(picture(truths=truths, found=found)[60, 60], colour_of(1))


def test_the_legend_names_what_occurs():
    empty = picture()
    assert not empty.any()
    one = picture(truths=TextInstances(BOXES, labels=[1, 1]))
    two = picture(truths=TextInstances(BOXES, labels=[1, 2]))
    rows = [np.flatnonzero(p[:50].any(axis=(1, 2))).max() for p in (one, two)]
    assert 0 < rows[0] < rows[1]


def test_a_label_without_a_name_is_a_number():
    canvas = np.zeros((60, 160, 3), np.uint8)
    write_legend(canvas, np.array([7]), CLASSES)
    assert canvas.any()


def test_text_is_drawn_as_before():
    found = TextInstances(BOXES[:1], scores=[0.5])
    image = np.zeros((120, 160, 3), np.uint8)
    assert np.array_equal(draw(image, found, classes=("text",)), draw(image, found))
    assert is_near(draw(image, found)[60, 20], FOUND)


def corners_of(occupied, size=(120, 300)):
    """Which corners a legend darkens, of a white picture."""
    canvas = np.full((*size, 3), 255, np.uint8)
    write_legend(canvas, np.array([0, 1]), CLASSES, occupied)
    return [bool((canvas[y, x] < 255).all()) for y in (0, -1) for x in (0, -1)]


def test_the_legend_is_in_the_corner_where_it_covers_least():
    assert corners_of(None) == [True, False, False, False]
    boxes = np.array([[0, 0, 60, 40], [200, 0, 300, 30], [0, 100, 20, 120]])
    assert corners_of(boxes) == [False, False, False, True]
    boxes = np.array([[0, 0, 60, 40], [200, 0, 300, 30], [0, 110, 10, 120], [200, 90, 300, 120]])
    assert corners_of(boxes) == [False, False, True, False]


def test_the_legend_has_the_colour_of_each_class_and_white_letters():
    canvas = np.zeros((120, 300, 3), np.uint8)
    write_legend(canvas, np.array([2, 0, 2]), CLASSES)
    for colour in (colour_of(0), colour_of(2), (255, 255, 255)):
        assert (canvas == colour).all(axis=2).any()
    assert not (canvas == colour_of(1)).all(axis=2).any()


def test_a_legend_higher_than_the_picture_has_columns():
    canvas = np.zeros((40, 400, 3), np.uint8)
    write_legend(canvas, np.arange(6), [f"c{i}" for i in range(6)])
    for label in range(6):
        assert (canvas == colour_of(label)).all(axis=2).any()


def test_one_class_that_is_no_text_has_a_legend_as_well():
    found = TextInstances(BOXES[:1], scores=[0.5], labels=[0])
    image = np.zeros((120, 160, 3), np.uint8)
    assert draw(image, found, classes=("ship",))[:20].any()
