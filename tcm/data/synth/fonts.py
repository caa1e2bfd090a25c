"""The fonts of synthetic text: the DejaVu family that matplotlib ships, and no other.

Fonts that happen to be installed therefore change nothing. One Pillow release draws the same pixels
everywhere: its wheels carry their own FreeType, and the basic layout engine is used whether or not
Raqm is present. That engine writes from left to right and does not join letters: it suits Latin,
Greek and Cyrillic, not Arabic.
"""

from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tcm.errors import ConfigError

FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSans-BoldOblique",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "DejaVuSerif-BoldItalic",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSansMono-Oblique",
    "DejaVuSansMono-BoldOblique",
)
_PROBE_SIZE = 24  # pixels; large enough to tell any two glyphs apart
_UNMAPPED = "\uffff"  # a noncharacter: every font draws its "missing glyph" box for it


@lru_cache(maxsize=1024)
def load_font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """Return a font at an em of `size` pixels.

    Args:
        name: Of `FONTS`, or the path of a font file.
        size: In pixels.

    Raises:
        ConfigError: matplotlib, which brings the fonts, is not installed or lacks the file.
    """
    path = Path(name) if Path(name).is_absolute() else _font_folder() / f"{name}.ttf"
    if not path.is_file():
        raise ConfigError(f"{path}: no such font; synthetic text needs matplotlib's DejaVu fonts")
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=16)
def fonts_for(characters: str) -> tuple[str, ...]:
    """Return the names of the fonts that can draw all of `characters`, in the order of `FONTS`.

    Raises:
        ConfigError: No font has them all, or a character leaves no ink; the text names some.
    """
    missing_of = {name: lacking(name, characters) for name in FONTS}
    able = tuple(name for name, missing in missing_of.items() if not missing)
    if not able:
        fewest = min(missing_of.values(), key=len)
        shown = ", ".join(f"{c!r} (U+{ord(c):04X})" for c in fewest[:8])
        raise ConfigError(f"charset: no font of the DejaVu family can draw {shown}")
    return able


def lacking(name: str, characters: str) -> str:
    """Return those of `characters` that a font, named as `load_font` takes it, cannot draw."""
    font = load_font(name, _PROBE_SIZE)
    useless = {picture(font, _UNMAPPED), picture(font, " ")}
    return "".join(c for c in characters if picture(font, c) in useless)


def picture(font: ImageFont.FreeTypeFont, character: str) -> bytes:
    """Return the pixels of a character, equal for two that look the same."""
    canvas = Image.new("L", (3 * _PROBE_SIZE, 3 * _PROBE_SIZE))
    ImageDraw.Draw(canvas).text((_PROBE_SIZE, _PROBE_SIZE), character, fill=255, font=font)
    return canvas.tobytes()


@lru_cache(maxsize=1)
def _font_folder() -> Path:
    try:
        import matplotlib  # not at the top: only this function needs it, and it is slow to import
    except ImportError as error:
        raise ConfigError(
            "synthetic text needs matplotlib's fonts: pip install matplotlib"
        ) from error
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"
