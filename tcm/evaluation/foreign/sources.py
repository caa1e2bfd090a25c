"""The systems whose saved output is read, by the name that the command line takes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from tcm.errors import ConfigError, nearest
from tcm.evaluation.foreign import (
    adelaidet,
    detectron2_json,
    doctr,
    easyocr,
    mmocr,
    paddleocr,
    rapidocr,
    unified,
    vlm,
)
from tcm.evaluation.foreign.entries import Entry, Form, read_entries
from tcm.evaluation.foreign.ids import read_results
from tcm.evaluation.foreign.output import ImageTexts


@dataclass(frozen=True)
class How:
    """What some systems do not say themselves.

    Attributes:
        ids: What the ids of images stand for, see `tcm.evaluation.foreign.ids.names_of`.
        box_range: What boxes are given in, None for pixels.
        malformed: "drop" for answers whose malformed words are dropped and counted, None to refuse
            them.
    """

    ids: str | None = None
    box_range: vlm.Range | None = None
    malformed: Literal["drop"] | None = None


_PLAIN = Form()
_Read = Callable[[Sequence[Path], How], list[ImageTexts]]


def _each(read: Callable[[Entry], ImageTexts], form: Form = _PLAIN) -> _Read:
    return lambda paths, _: [read(entry) for entry in read_entries(paths, form)]


def _answers(paths: Sequence[Path], how: How) -> list[ImageTexts]:
    drop = how.malformed == "drop"
    read_one = partial(vlm.read, given=how.box_range, drop=drop)
    return _each(read_one, vlm.form(drop))(paths, how)


SOURCES: dict[str, _Read] = {
    "rapidocr": _each(rapidocr.read),
    "paddleocr": _each(paddleocr.read, paddleocr.FORM),
    "doctr": _each(doctr.read),
    "easyocr": _each(easyocr.read),
    "mmocr": _each(mmocr.read),
    "adelaidet": lambda paths, how: read_results(paths, how.ids, adelaidet.read_one),
    "detectron2-json": lambda paths, how: read_results(paths, how.ids, detectron2_json.read_one),
    "unified": lambda paths, _: unified.read(paths),
    "vlm": _answers,
}
# Which of them an option of `How` is about.
OPTIONS = {"ids": ("adelaidet", "detectron2-json"), "box_range": ("vlm",), "malformed": ("vlm",)}


def read(name: str, paths: Sequence[Path], how: How | None = None) -> list[ImageTexts]:
    """Return what a system has saved.

    Args:
        name: The system, one of `SOURCES`.
        paths: Its files, folders or zips.
        how: What it does not say itself.

    Raises:
        ConfigError: An unknown system, or an option is missing or not of this one.
        DataError: A file is missing or of another form; the text names it and the place.
    """
    if name not in SOURCES:
        raise ConfigError(f"unknown source '{name}'{nearest(name, SOURCES)}")
    how = how or How()
    for option, names in OPTIONS.items():
        if getattr(how, option) is not None and name not in names:
            said = f"--{option.replace('_', '-')} is for {' and '.join(names)}"
            raise ConfigError(f"{said}, not for {name}")
    return SOURCES[name](paths, how)
