"""Label files of word crops: one image a line with its text, in the forms that are in use.

* ``space``: ``path text``, parted at the first blank (IIIT5K here, PARSeq's and CRNN's tools);
* ``tab``: path and text, parted by a tab (PaddleOCR);
* ``quoted``: ``path, "text"``, quotation marks and backslashes in it escaped (ICDAR2013, 2015);
* ``jsonl``: a JSON object a line with ``img_path`` (or ``filename``) and ``text`` (MMOCR);
* ``json``: MMOCR 1.x's unified JSON, whose images have one instance with a ``text`` each.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tcm import inputs
from tcm.annotations.files import parse_json, read_json, read_lines
from tcm.errors import DataError
from tcm.files import write_text

_QUOTE = re.compile(r',\s*"')  # before the text
_SPACE = re.compile(r"\s*(\S+)\s+(.*)")


Form = Literal["auto", "space", "tab", "quoted", "jsonl", "json"]


class LabelLine(NamedTuple):
    """An image's path as the file has it, and its text."""

    path: str
    text: str


def read_labels(file: str | Path, form: Form = "auto") -> list[LabelLine]:
    """Read a label file.

    Args:
        file: UTF-8; blank lines are passed over.
        form: One of those above. ``auto`` goes by the suffix, .jsonl or .json, else by the lines:
            quoted if all lines are, tab if all have one, else space.

    Raises:
        DataError: The file is missing, empty, no UTF-8 or has a line that is not of the form; the
            text names the line.
    """
    file = Path(file)
    if form == "auto" and file.suffix == ".json":
        form = "json"
    if form == "json":
        labels = _unified(file)
    else:
        lines = read_lines(file)
        form = _guess(file, [line for line, _ in lines]) if form == "auto" else form
        labels = [_checked(_FORMS[form](line, place), place) for line, place in lines]
    if not labels:
        raise DataError(f"{file}: no word is in this label file")
    return labels


def write_labels(file: Path, labels: Sequence[LabelLine]) -> None:
    """Write a label file of the form ``tab``.

    Raises:
        DataError: A path or text has a tab or a line break.
        OutputError: The file cannot be written.
    """
    for label in labels:
        if re.search(r"[\t\r\n]", label.path + label.text):
            raise DataError(f"{file}: {label.path}: the text {label.text!r} does not fit in a line")
    write_text(file, "".join(f"{label.path}\t{label.text}\n" for label in labels))


def _checked(label: LabelLine, place: str) -> LabelLine:
    inputs.image_name(label.path, place)
    return label


def _guess(file: Path, lines: Sequence[str]) -> Form:
    if file.suffix == ".jsonl":
        return "jsonl"
    if all(_quoted_parts(line) for line in lines):
        return "quoted"
    return "tab" if all("\t" in line for line in lines) else "space"


def _space(line: str, place: str) -> LabelLine:
    match = _SPACE.fullmatch(line)
    if match is None:
        raise DataError(f"{place}: 'path text' is wanted, got '{line[:60]}'")
    return LabelLine(match[1], match[2])


def _tab(line: str, place: str) -> LabelLine:
    path, tab, text = line.partition("\t")
    if not (tab and path):
        raise DataError(f"{place}: path, tab and text are wanted, got '{line[:60]}'")
    return LabelLine(path, text)


def _quoted(line: str, place: str) -> LabelLine:
    parts = _quoted_parts(line)
    if parts is None:
        raise DataError(f"{place}: 'path, \"text\"' is wanted, got '{line[:60]}'")
    return LabelLine(parts[0], re.sub(r'\\([\\"])', r"\1", parts[1]))


def _quoted_parts(line: str) -> tuple[str, str] | None:
    """Return path and text of a line of the form ``path, "text"``, None if it is another one."""
    line = line.strip()
    # Not one expression for the whole line: it would take time by the square of its length.
    for match in _QUOTE.finditer(line):
        path = line[: match.start()].strip()
        if path:
            whole = line.endswith('"') and match.end() < len(line)
            return (path, line[match.end() : -1]) if whole else None
    return None


def _jsonl(line: str, place: str) -> LabelLine:
    entry = parse_json(line, place, numbered=False)
    return _entry(entry, entry, place)


def _unified(file: Path) -> list[LabelLine]:
    content = read_json(file)
    entries = content.get("data_list") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise DataError(f"{file}: a JSON object with the list 'data_list' is wanted")
    labels = []
    for i, entry in enumerate(entries):
        place = f"{file}: data_list[{i}]"
        words = entry.get("instances") if isinstance(entry, dict) else None
        if not isinstance(words, list) or len(words) != 1:
            raise DataError(f"{place}: one instance is wanted; of whole scenes cut words first")
        labels.append(_checked(_entry(entry, words[0], place), place))
    return labels


def _entry(image: Any, word: Any, place: str) -> LabelLine:
    path = image.get("img_path", image.get("filename")) if isinstance(image, dict) else None
    text = word.get("text") if isinstance(word, dict) else None
    if not (isinstance(path, str) and path and isinstance(text, str)):
        raise DataError(f"{place}: the strings 'img_path' and 'text' are wanted")
    return LabelLine(path, text)


_FORMS: dict[str, Callable[[str, str], LabelLine]] = {
    "space": _space,
    "tab": _tab,
    "quoted": _quoted,
    "jsonl": _jsonl,
}
