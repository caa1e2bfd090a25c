"""Words in pictures: where they lie, how large they are, what no font can draw."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest

from tcm.errors import DataError
from tcm.inference.labels import label_size, lacking, load_font, write_label

SERIF = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSerif.ttf"
WHITE = (255, 255, 255)


def _written(text, place=(20, 40), size=(64, 200), value=0, **options):
    canvas = np.full((*size, 3), value, np.uint8)
    write_label(canvas, text, place, WHITE, **options)
    return canvas


def _box(canvas, value=0):
    rows, columns = np.nonzero((canvas != value).any(axis=2))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_a_label_stands_on_its_place():
    left, top, right, bottom = _box(_written("word", value=200), 200)
    assert (left, bottom) == (20, 40)
    assert 11 <= bottom - top <= 20 and 20 <= right - left <= 50


@pytest.mark.parametrize("place", [(-50, -50), (500, 500), (190, 2)])
def test_a_label_stays_inside_the_picture(place):
    inside, moved = _written("word", value=200), _written("word", place, value=200)
    a, b = _box(inside, 200), _box(moved, 200)
    assert (a[2] - a[0], a[3] - a[1]) == (b[2] - b[0], b[3] - b[1])


def test_a_label_larger_than_the_picture_is_cut():
    assert _written("a long line of words", size=(8, 16)).any()


def test_letters_stand_out_on_any_ground():
    for value in (0, 128, 255):
        part = _written("word", value=value)[28:40, 20:50]
        assert part.max() == 255 and part.min() <= 0.35 * 255 + 1


def test_letters_grow_with_the_picture_and_never_get_tiny():
    assert label_size((64, 64)) == label_size((32, 300)) == 11
    assert label_size((720, 1280)) > 11
    assert label_size((7200, 12800)) == pytest.approx(10 * label_size((720, 1280)), abs=5)


def test_white_space_becomes_blanks():
    assert np.array_equal(_written("a\n\tb"), _written("a b"))


def test_scripts_of_the_font_are_drawn_and_others_told():
    assert not np.array_equal(_written("é"), _written("e"))
    assert lacking("Café Ωmega Привет") == []
    assert lacking("中a中文") == ["中", "文"]


def test_another_font_may_be_given():
    assert not np.array_equal(_written("word", font=SERIF), _written("word"))
    assert load_font(SERIF, 11).getname()[0] == "DejaVu Serif"


def test_what_is_no_font_is_named(tmp_path):
    (tmp_path / "a.ttf").write_text("no font")
    for name in ("a.ttf", "none.ttf"):
        with pytest.raises(DataError, match=f"{name}: cannot be read as a font"):
            load_font(tmp_path / name, 11)
