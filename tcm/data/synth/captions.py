"""What a caption says of a synthetic scene: its words, how many, their colour, and their shape."""

from collections.abc import Sequence

import numpy as np

from tcm.data.synth.background import Colour
from tcm.data.synth.layout import PlacedWord
from tcm.data.synth.scene import brightness, stands_out
from tcm.data.synth.shapes import CurvedShape

COLOURS: dict[str, Colour] = {
    "red": (205, 30, 30),
    "green": (30, 150, 50),
    "blue": (35, 60, 200),
    "yellow": (240, 215, 40),
    "orange": (240, 130, 20),
    "purple": (130, 40, 150),
    "pink": (245, 140, 180),
    "brown": (110, 65, 30),
    "white": (245, 245, 245),
    "black": (15, 15, 15),
}
_SPREAD = 12  # of each channel of a named colour, to either side
_TRIES = 4
_COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

# What a caption is of: {} the words, {n} their number, {c} their colour, {s} straight or curved.
_SAYS = ("{}", "the word {}", "a sign that says {}", "{} on a sign", "it says {}", "text: {}")
_MORE = ("{n}: {}", "{} in {c}", "{c} text: {}", "{s} text: {}", "{s} {c} text: {}")
_PLAIN = ("text", "some text", "a photo of text", "a sign with text", "{s} text", "{c} text", "{n}")


def shared_colour(
    image: np.ndarray, words: Sequence[PlacedWord], rng: np.random.Generator
) -> tuple[str | None, Colour | None]:
    """Return a colour in which all words of an image (H, W, 3) can be read, and its name.

    Neither is there if none is found in a few tries.
    """
    grounds = [brightness(image, word.shape.outline) for word in words]
    for name in rng.permutation(list(COLOURS))[:_TRIES].tolist():
        shade = np.array(COLOURS[name]) + rng.integers(-_SPREAD, _SPREAD + 1, 3)
        r, g, b = np.clip(shade, 0, 255).tolist()
        if all(stands_out((r, g, b), *ground) for ground in grounds):
            return name, (r, g, b)
    return None, None


def describe(
    words: Sequence[PlacedWord], colour: str | None, plain_ratio: float, rng: np.random.Generator
) -> str:
    """Return a caption of a scene with words.

    Args:
        words: At least one.
        colour: That all have; None if it is not known.
        plain_ratio: Share of captions that do not have the words.
        rng: The source of all randomness.
    """
    kind = rng.random()
    forms = _PLAIN if kind < plain_ratio else _MORE if kind > 1 - (1 - plain_ratio) / 4 else _SAYS
    form = forms[int(rng.integers(len(forms)))]
    shape = "curved" if isinstance(words[0].shape, CurvedShape) else "straight"
    count = _COUNTS[min(len(words), len(_COUNTS)) - 1]
    number = f"{count} word{'s' if len(words) > 1 else ''}"
    text = form.replace("{n}", number).replace("{s}", shape).replace("{c}", colour or "plain")
    return text.replace("{}", " ".join(word.text for word in words))
