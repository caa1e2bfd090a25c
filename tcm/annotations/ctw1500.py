"""CTW1500's files: polygons of 14 points, as lines, as XML, or all detections in one file.

Ground truth comes as polygons of any size with ``,####text``, as 28 integers without a text, in the
legacy form of 32 integers (the box and the points relative to its corner), or as XML (the training
set): ``image`` with ``box`` elements that have a ``label`` and ``segs`` of 28 coordinates.
"""

import xml.etree.ElementTree as ET
from typing import Literal

import numpy as np

from tcm.annotations.files import LARGEST, TextFile, bounded, brief, integers, numbers, outline
from tcm.annotations.instance import Instance
from tcm.annotations.polygon_lines import (
    DECIMALS,
    is_number,
    parse_labelled,
    read_text_last,
)
from tcm.annotations.texts import DONT_CARE, Quotes, settled
from tcm.annotations.xml_tree import root_of
from tcm.errors import DataError

_POINTS = 28
_LEGACY = 32
_MOST_OF_ALL = 500_000  # lines of the detections of all images


def read_lines(
    file: TextFile,
    strict: bool = True,
    quotes: Quotes = "keep",
    form: Literal["any", "legacy"] = "any",
) -> list[Instance]:
    """Read lines of ground truth; the text ``###`` is don't-care.

    Args:
        file: The file.
        strict: Whether a text must follow as ``,####text``. Otherwise it may come without the
            marks, and coordinates may have decimals.
        quotes: What becomes of quotes around a text.
        form: Of the lines: "legacy" for 32 numbers alone.

    Raises:
        DataError: A line has none of the forms; the text gives file, line number, reason and the
            line.
    """
    if form == "legacy":
        return file.parse(_legacy, blank=strict)
    if strict or all(_is_official(line) for _, line in file.lines(blank=False)):
        rows = file.parse(_official, blank=strict)
        texts = settled([row.text for row in rows], quotes, strict)
        return [
            row._replace(text=text, ignored=text == DONT_CARE, assumed=assumed)
            for row, (text, assumed) in zip(rows, texts, strict=True)
        ]
    lines = file.lines(blank=False)
    legacy = [_is_legacy(line) for _, line in lines]
    if all(legacy):
        return file.parse(_legacy, blank=False)
    if any(legacy):
        number, line = lines[legacy.index(True)]
        raise file.mistake(number, "a line of the legacy form among lines of another", line)
    fourteen = all(line.count(",") >= _POINTS - 1 for _, line in lines)
    return read_text_last(file, _POINTS // 2 if fourteen else None, quotes, marks="wanted")


def read_xml(file: TextFile, quotes: Quotes = "keep") -> list[Instance]:
    """Read a training file; the label ``###`` is don't-care.

    Raises:
        DataError: It is no XML, or a box is malformed; the text gives the file and the line or the
            box, from 1.
    """
    root = root_of(file)
    if root.find("image") is None:
        raise DataError(f"{file.source}: there is no element 'image'")
    boxes = list(root.iter("box"))
    polygons = [_segs(box, f"{file.source}: box {i}") for i, box in enumerate(boxes, 1)]
    texts = settled([box.findtext("label") or None for box in boxes], quotes, strict=False)
    return [
        Instance(polygon, text, text == DONT_CARE, assumed=assumed)
        for polygon, (text, assumed) in zip(polygons, texts, strict=True)
    ]


def read_all(file: TextFile, names: list[str]) -> dict[str, tuple[list[int], list[Instance]]]:
    """Read the single file of the original script, lines ``index confidence x1 y1 x2 y2 ...``.

    Args:
        file: Its text.
        names: The images that the index, from 0, points into.

    Returns:
        By image the positions of its lines among all, and their detections.

    Raises:
        DataError: A line has another form or an index beyond the images; the text names it.
    """

    def parse(line: str) -> tuple[int, Instance]:
        fields = line.split()
        try:
            index, confidence = int(fields[0]), float(fields[1])
        except (ValueError, IndexError):
            raise DataError("'index confidence x1 y1 ...' is wanted") from None
        if not 0 <= index < len(names):
            raise DataError(f"there is no image {brief(index)} among {len(names)}")
        if not abs(confidence) <= LARGEST:
            raise DataError(f"the confidence {fields[1][:60]!r} is no number")
        return index, Instance(outline(integers(fields[2:])), confidence=confidence)

    images: dict[str, tuple[list[int], list[Instance]]] = {name: ([], []) for name in names}
    for rank, (index, instance) in enumerate(file.parse(parse, most=_MOST_OF_ALL)):
        ranks, instances = images[names[index]]
        ranks.append(rank)
        instances.append(instance)
    return images


def _official(line: str) -> Instance:
    values, text = parse_labelled(line)
    if text is None and len(values) == _LEGACY:
        return _legacy(line)
    if text is None and len(values) != _POINTS:
        raise DataError(f"28 or 32 integers or a text are wanted, got {len(values)} integers")
    return Instance(outline(values), text)


def _is_official(line: str) -> bool:
    try:
        _official(line)
    except DataError:
        return False
    return True


def _is_legacy(line: str) -> bool:
    fields = line.split(",")
    return len(fields) == _LEGACY and all(map(is_number, fields))


def _legacy(line: str) -> Instance:
    fields = line.split(",")
    if len(fields) != _LEGACY:
        raise DataError(f"{len(fields)} numbers; {_LEGACY} are wanted")
    values = numbers(fields)
    assumed = (DECIMALS,) * any("." in field for field in fields)
    return Instance(bounded(values[4:].reshape(-1, 2) + values[:2]), assumed=assumed)


def _segs(box: ET.Element, place: str) -> np.ndarray:
    segs = box.findtext("segs")
    if segs is None:
        raise DataError(f"{place}: 'segs' is missing")
    fields = segs.strip().split(",")
    if len(fields) != _POINTS:
        raise DataError(f"{place}: {len(fields)} coordinates; {_POINTS} are wanted")
    return outline(fields, place)
