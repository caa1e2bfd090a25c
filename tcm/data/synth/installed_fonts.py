"""The fonts that are installed here, found by fontconfig: many looks, but not the same everywhere.

A dataset that uses them depends on the machine; what was there is the business of a model's card.
"""

import logging
import shutil
import string
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tcm.data.synth.fonts import lacking, load_font, picture
from tcm.errors import ConfigError

log = logging.getLogger("tcm")

_ALWAYS = string.ascii_letters + string.digits  # what a font must have
_SUFFIXES = (".ttf", ".otf", ".ttc")
_PROBE_SIZE = 24


class InstalledFont(NamedTuple):
    """A font file.

    Attributes:
        path: The file.
        family: Its first name.
        lacking: What it cannot draw of the characters that were asked for.
        capitals: Whether its small letters look like capitals.
    """

    path: str
    family: str
    lacking: str
    capitals: bool


class InstalledFonts:
    """Draws fonts: first a family, each alike often, then one of its files.

    Args:
        characters: What texts are made of; a font without some letter or digit is left out.

    Raises:
        ConfigError: fontconfig's ``fc-list`` is missing, or no font can be used.
    """

    def __init__(self, characters: str) -> None:
        families: dict[str, list[InstalledFont]] = defaultdict(list)
        for font in installed_fonts(characters):
            families[font.family].append(font)
        self.families = list(families.values())

    def __call__(self, text: str, rng: np.random.Generator) -> InstalledFont:
        """Return a font that can draw all of a text, of which some font is thought to be able."""
        while True:
            family = self.families[int(rng.integers(len(self.families)))]
            font = family[int(rng.integers(len(family)))]
            if not font.lacking or not set(font.lacking) & set(text):
                return font


@lru_cache(maxsize=4)
def installed_fonts(characters: str) -> Sequence[InstalledFont]:
    """Return the Latin fonts of this machine, ordered by path.

    Raises:
        ConfigError: As of `InstalledFonts`.
    """
    if shutil.which("fc-list") is None:
        raise ConfigError("fonts: fontconfig's fc-list is not installed; use dejavu")
    listed = subprocess.run(
        ["fc-list", ":lang=en", "--format", "%{file}\t%{family}\n"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = []
    for path, _, names in (line.partition("\t") for line in sorted(set(listed.splitlines()))):
        if path.lower().endswith(_SUFFIXES):
            font = _probed(path, names.split(",")[0], characters)
            found += [] if font is None else [font]
    if not any(not font.lacking for font in found):
        raise ConfigError("fonts: none that is installed has all characters of the charset")
    log.info("%d installed fonts of %d families", len(found), len({f.family for f in found}))
    return found


def _probed(path: str, family: str, characters: str) -> InstalledFont | None:
    """Return what a font can do, None if it lacks a letter or digit that is wanted."""
    try:
        missing = lacking(path, characters)
        face = load_font(path, _PROBE_SIZE)
        pictures = [picture(face, c) for c in "aegrAEGR"]
    except OSError:  # FreeType cannot read it, or not at this size
        return None
    if set(missing) & set(_ALWAYS):
        return None
    return InstalledFont(path, family, missing, capitals=pictures[:4] == pictures[4:])
