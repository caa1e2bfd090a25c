import shutil
import subprocess

import numpy as np
import pytest

from tcm.data.synth import installed_fonts
from tcm.data.synth.fonts import _font_folder
from tcm.data.synth.installed_fonts import InstalledFonts
from tcm.errors import ConfigError


@pytest.fixture
def listed(monkeypatch):
    """Return a function that lets fontconfig list some fonts."""

    def fake(*lines):
        answer = subprocess.CompletedProcess([], 0, stdout="".join(f"{line}\n" for line in lines))
        monkeypatch.setattr(shutil, "which", lambda name: name)
        monkeypatch.setattr(installed_fonts.subprocess, "run", lambda *a, **k: answer)
        installed_fonts.installed_fonts.cache_clear()

    yield fake
    installed_fonts.installed_fonts.cache_clear()


def test_each_family_is_drawn_alike_often(listed):
    folder = _font_folder()
    names = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSerif")
    families = ("Sans,Other", "Sans", "Sans", "Serif")
    files = [f"{folder}/{name}.ttf\t{family}" for name, family in zip(names, families, strict=True)]
    listed(*files, "/a/bitmap.pcf\tOld")
    fonts, rng = InstalledFonts("abc1"), np.random.default_rng(0)
    drawn = [fonts("ab", rng) for _ in range(200)]
    assert 70 < sum(font.family == "Serif" for font in drawn) < 130
    assert len({font.path for font in drawn}) == 4
    assert not any(font.capitals or font.lacking for font in drawn)


def test_without_a_font_or_fontconfig_the_error_says_so(listed, monkeypatch):
    listed("/a/bitmap.pcf\tOld")
    with pytest.raises(ConfigError, match="none that is installed"):
        InstalledFonts("abc")
    installed_fonts.installed_fonts.cache_clear()
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ConfigError, match="fc-list is not installed"):
        InstalledFonts("abc")
