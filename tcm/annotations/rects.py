"""ReCTS's JSON of an image: ``{"lines": [...], "chars": [...]}``.

An element of either is ``{"points": [x1, y1, ..., x4, y4], "transcription", "ignore": 0 or 1}``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tcm.annotations.files import brief, outline, read_json
from tcm.annotations.instance import Instance
from tcm.annotations.texts import DONT_CARE
from tcm.errors import DataError


def read_lines(path: Path) -> list[Instance]:
    """Read the text lines; ``ignore`` 1 and the text ``###`` are don't-care.

    Raises:
        DataError: The file is missing, no JSON, or a line is malformed; the text gives the file and
            the line.
    """
    content = read_json(path)
    lines = content.get("lines") if isinstance(content, Mapping) else None
    if not isinstance(lines, list):
        raise DataError(f"{path}: an object with a list 'lines' is wanted")
    return [_line(item, f"{path}: lines[{i}]") for i, item in enumerate(lines)]


def _line(item: Any, place: str) -> Instance:
    if not isinstance(item, Mapping):
        raise DataError(f"{place}: an object is wanted, got {brief(item)}")
    points, text, ignore = (item.get(key) for key in ("points", "transcription", "ignore"))
    if not isinstance(points, list) or len(points) != 8:
        raise DataError(f"{place}: 'points' of 8 numbers are wanted, got {brief(points)}")
    if not isinstance(text, str) or ignore not in (0, 1):
        raise DataError(f"{place}: transcription {brief(text)} or ignore {brief(ignore)}")
    return Instance(outline(points, place), text, ignore == 1 or text == DONT_CARE)
