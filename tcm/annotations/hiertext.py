"""HierText's JSON: paragraphs of lines of words, in ground truth and in results alike.

``{"annotations": [{"image_id", "image_width", "image_height", "paragraphs": [{"vertices",
"legible", "lines": [{"vertices", "text", "legible", "words": [{"vertices", "text", "legible"}]}]}]
}]}``, gzipped or not; a file ends in ``.json``, ``.jsonl`` or ``.gz`` and is one object anyway.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from tcm import inputs
from tcm.annotations.files import brief, outline_of_points, parse_json, read_json
from tcm.annotations.instance import Instance
from tcm.errors import DataError

Level = Literal["word", "line", "paragraph"]
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
    return {name: _page(item, truths, place) for name, item, place in _images(Path(path))}


def read_level(path: Path, level: Level) -> dict[str, tuple[tuple[int, int], list[Instance]]]:
    """Return height and width in pixels of the images by their ids, and their texts of a level.

    Outlines are those that the file gives to the level: a line's own, not the union of its words.
    What is not legible is ignored; a paragraph has no text.

    Raises:
        DataError: As for `read_pages` of ground truth.
    """
    return {
        name: (_size(item, place), list(_of_level(item, level, place)))
        for name, item, place in _images(path)
    }


def _images(path: Path) -> Iterator[tuple[str, Any, str]]:
    """Yield id, entry and place of the images."""
    content = _content(path)
    items = content.get("annotations") if isinstance(content, Mapping) else None
    if not isinstance(items, list):
        raise DataError(f"{path}: an object with a list 'annotations' is wanted")
    names = set()
    for index, item in enumerate(items):
        place = f"{path}: annotations[{index}]"
        name = _member(item, "image_id", str, place)
        if name in names:
            raise DataError(f"{place}: a second image '{name}'")
        names.add(name)
        yield name, item, place


def _size(item: Any, place: str) -> tuple[int, int]:
    return (
        _member(item, "image_height", int, place),
        _member(item, "image_width", int, place),
    )


def _of_level(item: Any, level: Level, place: str) -> Iterator[Instance]:
    for i, paragraph in enumerate(_member(item, "paragraphs", list, place)):
        at = f"{place}.paragraphs[{i}]"
        if level == "paragraph":
            yield Instance(_outline(paragraph, at), None, not _legible(paragraph, at))
            continue
        for j, line in enumerate(_member(paragraph, "lines", list, at)):
            here = f"{at}.lines[{j}]"
            if level == "word":
                yield from _words(line, True, here)
            else:
                yield Instance(_outline(line, here), _text(line, here), not _legible(line, here))


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
    height, width = _size(item, place) if truths else (0, 0)
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
        found.append(
            Instance(_outline(word, at), _text(word, at), truths and not _legible(word, at))
        )
    return found


def _text(item: Any, place: str) -> str:
    text = item.get("text", "") if isinstance(item, Mapping) else ""
    if not isinstance(text, str):
        raise DataError(f"{place}: text {brief(text)}")
    return text


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
    return outline_of_points(_member(item, "vertices", list, place), place, "vertices")


def _member(item: Any, key: str, kind: type, place: str) -> Any:
    value = item.get(key) if isinstance(item, Mapping) else None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise DataError(f"{place}: '{key}' of type {kind.__name__} is wanted, got {brief(value)}")
    return value
