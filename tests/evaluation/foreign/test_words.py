"""Lines become words: blanks, shares of the long side, both directions, what stays as it is."""

import numpy as np

from tcm.annotations.instance import Instance
from tcm.evaluation.foreign.output import ImageTexts
from tcm.evaluation.foreign.words import split_line, split_lines

FLAT = np.array([[0, 0], [80, 0], [80, 10], [0, 10]], np.float64)


def outlines(*words):
    return [word.polygon.tolist() for word in words]


def test_words_get_the_share_of_their_characters_blanks_included():
    first, second = split_line(Instance(FLAT, "EXIT ONE", confidence=0.75))
    assert (first.text, second.text) == ("EXIT", "ONE")
    assert outlines(first, second) == [
        [[0, 0], [40, 0], [40, 10], [0, 10]],
        [[50, 0], [80, 0], [80, 10], [50, 10]],
    ]
    assert first.confidence == second.confidence == 0.75


def test_several_blanks_count_and_those_around_a_line_do_not():
    first, second = split_line(Instance(FLAT, "  ab    cd "))
    assert outlines(first)[0][1] == [20, 0]
    assert outlines(second)[0][0] == [60, 0]


def test_an_upright_quadrilateral_is_cut_from_top_to_bottom():
    tall = np.array([[0, 0], [10, 0], [10, 80], [0, 80]], np.float64)
    first, second = split_line(Instance(tall, "EXIT ONE"))
    assert outlines(first, second) == [
        [[0, 0], [10, 0], [10, 40], [0, 40]],
        [[0, 50], [10, 50], [10, 80], [0, 80]],
    ]


def test_each_long_side_is_cut_by_itself():
    wedge = np.array([[0, 0], [40, 0], [80, 20], [0, 20]], np.float64)
    first, _ = split_line(Instance(wedge, "ab c"))
    assert outlines(first) == [[[0, 0], [20, 0], [40, 20], [0, 20]]]


def test_another_outline_becomes_its_rectangle_of_least_area():
    bar = np.array([[0, 0], [40, 0], [80, 0], [80, 10], [40, 10], [0, 10]], np.float64)
    first, second = split_line(Instance(bar, "EXIT ONE"))
    assert np.allclose(first.polygon, [[0, 0], [40, 0], [40, 10], [0, 10]], atol=1e-4)
    assert np.allclose(second.polygon[0], [50, 0], atol=1e-4)


def test_a_single_word_and_a_line_without_text_stay():
    for text in ("EXIT", " EXIT ", "", None):
        line = Instance(FLAT, text)
        assert split_line(line) == [line]


def test_words_of_the_system_itself_are_taken_in_place_of_its_lines():
    word = Instance(FLAT[:3], "own")
    images = [
        ImageTexts("a", [Instance(FLAT, "two words"), Instance(FLAT, "one")], "a"),
        ImageTexts("b", [Instance(FLAT, "two words")], "b", [word]),
    ]
    output = split_lines(images)
    assert [[one.text for one in image.texts] for image in output.images] == [
        ["two", "words", "one"],
        ["own"],
    ]
    assert output.notes == [
        "lines split at blanks, by length: 1 into 2 words",
        "images whose words the system gives itself: 1",
    ]
