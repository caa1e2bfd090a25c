import string

import pytest

from tcm.data.synth import fonts
from tcm.data.synth.fonts import FONTS, fonts_for, load_font
from tcm.errors import ConfigError


def test_every_font_draws_ascii():
    assert fonts_for(string.ascii_letters + string.digits + string.punctuation) == FONTS


def test_fonts_without_a_character_are_left_out():
    assert fonts_for("αβγ") == FONTS
    assert fonts_for("αא") == FONTS[:4]  # only the Sans have Hebrew


@pytest.mark.parametrize("character", ["漢", " "])
def test_a_character_that_leaves_no_letter_is_named(character):
    with pytest.raises(ConfigError, match=f"U\\+{ord(character):04X}"):
        fonts_for("ab" + character)


def test_a_font_is_loaded_once_per_size():
    assert load_font("DejaVuSans", 20) is load_font("DejaVuSans", 20)
    assert load_font("DejaVuSans", 20).size == 20


def test_a_missing_font_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(fonts, "_font_folder", lambda: tmp_path)
    with pytest.raises(ConfigError, match="DejaVuSans.ttf"):
        load_font("DejaVuSans", 21)
