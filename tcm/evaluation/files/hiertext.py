"""HierText's JSON: paragraphs of lines of words, in ground truth and in results alike.

``{"annotations": [{"image_id", "image_width", "image_height", "paragraphs": [{"vertices",
"legible", "lines": [{"vertices", "text", "legible", "words": [{"vertices", "text", "legible"}]}]}]
}]}``, gzipped or not; a file ends in ``.json``, ``.jsonl`` or ``.gz`` and is one object anyway.
"""

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tcm import inputs
from tcm.annotations.files import brief, outline, parse_json, read_json
from tcm.annotations.instance import Instance
from tcm.errors import DataError

_GZIP = b"\x1f\x8b"
_MOST = 2**30  # bytes of a file, unpacked: the training part has a third of it


class Group(NamedTuple):
    """A line or a paragraph.

    Attributes:
        outlines: (P, 2) each, whose union it is: of its words, or its own where it has none.
        legible: Whether it counts.
        text: Of a line.
    """

    outlines: Sequence[np.ndarray]
    legible: bool
    text: str = ""


class Page(NamedTuple):
    """An image.

    Attributes:
        width: In pixels; 0 in results, which need not have it.
        height: Likewise.
        words: In the order of the file.
        lines: Likewise.
        paragraphs: Likewise.
    """

    width: int
    height: int
    words: list[Instance]
    lines: list[Group]
    paragraphs: list[Group]


def is_hiertext(path: str | Path) -> bool:
    """Tell whether a file has the form of HierText, and not that of the unified JSON."""
    suffixes = Path(path).suffixes[-2:]
    if any(suffix.lower() in (".jsonl", ".gz") for suffix in suffixes):
        return True
    if Path(path).suffix.lower() != ".json":
        return False
    content = read_json(Path(path))
    return isinstance(content, Mapping) and "annotations" in content and "data_list" not in content


def read_pages(path: str | Path, truths: bool) -> dict[str, Page]:
    """Return the images by their ids.

    Args:
        path: The file.
        truths: Whether it is ground truth, in which a line may have no words and an image has its
            size.

    Raises:
        DataError: The file is missing, too large or malformed; the text names the place.
    """
    content = _content(Path(path))
    items = content.get("annotations") if isinstance(content, Mapping) else None
    if not isinstance(items, list):
        raise DataError(f"{path}: an object with a list 'annotations' is wanted")
    pages: dict[str, Page] = {}
    for index, item in enumerate(items):
        place = f"{path}: annotations[{index}]"
        name = _member(item, "image_id", str, place)
        if name in pages:
            raise DataError(f"{place}: a second image '{name}'")
        pages[name] = _page(item, truths, place)
    return pages


def _content(path: Path) -> Any:
    raw = inputs.read_bytes(path, _MOST)
    if raw[:2] == _GZIP:
        try:
            raw = zlib.decompressobj(31).decompress(raw, _MOST + 1)
        except zlib.error as error:
            raise DataError(f"{path}: a damaged gzip file ({error})") from error
        inputs.check_size(path, len(raw), _MOST)
    try:
        return parse_json(raw.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: no JSON: byte {error.start} is not UTF-8") from error


def _page(item: Any, truths: bool, place: str) -> Page:
    width = _member(item, "image_width", int, place) if truths else 0
    height = _member(item, "image_height", int, place) if truths else 0
    words: list[Instance] = []
    lines: list[Group] = []
    paragraphs: list[Group] = []
    for i, paragraph in enumerate(_member(item, "paragraphs", list, place)):
        inside: list[np.ndarray] = []
        at = f"{place}.paragraphs[{i}]"
        for j, line in enumerate(_member(paragraph, "lines", list, at)):
            found = _words(line, truths, f"{at}.lines[{j}]")
            words += found
            outlines = [word.polygon for word in found]
            lines.append(_group(line, outlines, truths, f"{at}.lines[{j}]"))
            inside += outlines
        paragraphs.append(_group(paragraph, inside, truths, at, own=truths))
    return Page(width, height, words, lines, paragraphs)


def _words(line: Any, truths: bool, place: str) -> list[Instance]:
    found = []
    for k, word in enumerate(_member(line, "words", list, place)):
        at = f"{place}.words[{k}]"
        text = word.get("text", "") if isinstance(word, Mapping) else ""
        if not isinstance(text, str):
            raise DataError(f"{at}: text {brief(text)}")
        found.append(Instance(_outline(word, at), text, truths and not _legible(word, at)))
    return found


def _group(
    item: Any, outlines: list[np.ndarray], truths: bool, place: str, own: bool = False
) -> Group:
    """Return a line or a paragraph; with `own` one that is not legible has its own outline."""
    legible = _legible(item, place) if truths else True
    text = item.get("text", "")
    if not outlines or (own and not legible):
        if not truths:
            raise DataError(f"{place}: it has no words, of which its region is made")
        outlines = [_outline(item, place)]
    return Group(outlines, legible, text if isinstance(text, str) else "")


def _legible(item: Any, place: str) -> bool:
    return bool(_member(item, "legible", bool, place))


def _outline(item: Any, place: str) -> np.ndarray:
    vertices = _member(item, "vertices", list, place)
    if not all(isinstance(point, list) and len(point) == 2 for point in vertices):
        raise DataError(f"{place}: vertices [x, y] are wanted, got {brief(vertices)}")
    return outline([value for point in vertices for value in point], place)


def _member(item: Any, key: str, kind: type, place: str) -> Any:
    value = item.get(key) if isinstance(item, Mapping) else None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise DataError(f"{place}: '{key}' of type {kind.__name__} is wanted, got {brief(value)}")
    return value
