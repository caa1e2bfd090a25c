"""Files of saved output, taken apart into what a system has saved of each image.

A file is JSON, or lines of JSON (``.jsonl``). It holds the output of one image, which is named like
the file, or objects that name their image beside it: ``{"image": "img_1.jpg", "result": output}``,
an object a line or in a list. Folders and zips of such files count as their files.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tcm import inputs
from tcm.annotations.files import TextFile, brief, parse_json, read_text
from tcm.errors import DataError, nearest
from tcm.evaluation.files.archives import read_archive

_MOST = 2**30  # bytes of a file on all images of a set
_LINES = (".jsonl", ".ndjson")
IMAGE, RESULT = "image", "result"


class Entry(NamedTuple):
    """What a system has saved of an image.

    Attributes:
        name: The image's, folders allowed before.
        content: The system's own output.
        beside: The keys that stand beside it, empty if it stands alone.
        place: Where it stands, for errors.
    """

    name: str
    content: Any
    beside: Mapping[str, Any]
    place: str


class Form(NamedTuple):
    """What differs between systems.

    Attributes:
        suffixes: Of the files that are looked for in folders and zips.
        keys: Under which an object names its image.
        ending: What the system appends to the image's name for that of its file.
        parse: Makes of a text what is saved in it; takes its place too, and whether errors add the
            line.
    """

    suffixes: tuple[str, ...] = (".json", *_LINES)
    keys: tuple[str, ...] = (IMAGE,)
    ending: str = ""
    parse: Callable[[str, str, bool], Any] = parse_json


def read_files(paths: Sequence[Path], suffixes: Sequence[str]) -> Iterator[TextFile]:
    """Yield the files that paths name, those in folders and zips by their names.

    Raises:
        DataError: One is missing, damaged or too large, or a folder or zip has none; the text names
            it.
    """
    pattern = r"(.+(?:" + "|".join(suffixes).replace(".", r"\.") + "))"
    for path in paths:
        if inputs.is_dir(path) or path.suffix.lower() == ".zip":
            yield from read_archive(path, pattern, "skip", strict=False).values()
        elif inputs.why_no_file(path) == inputs.ABSENT:
            hint = inputs.nearest_file(path, "*")
            raise DataError(f"{inputs.shown_path(path)}: no such file, folder or zip{hint}")
        else:
            yield read_text(path, _MOST)


def read_entries(paths: Sequence[Path], form: Form) -> Iterator[Entry]:
    """Yield what was saved of each image.

    Raises:
        DataError: As of `read_files`; or a file is no JSON, a line names no image, or there is
            nothing at all.
    """
    entry = None
    for file in read_files(paths, form.suffixes):
        for entry in _of_file(file, form):
            yield entry
    if entry is None:
        raise DataError(f"{', '.join(map(str, paths))}: nothing is saved here")


def _of_file(file: TextFile, form: Form) -> Iterator[Entry]:
    if file.source.lower().endswith(_LINES):
        for number, line in enumerate(file.content.split("\n"), 1):
            if line.strip():
                place = f"{file.source}:{number}"
                yield _named(form.parse(line, place, False), place, form)
        return
    content = form.parse(file.content, file.source, True)
    if _key(content, form) is not None:
        yield _entry(content, file.source, form)
    elif isinstance(content, list) and content and all(_key(one, form) for one in content):
        for i, one in enumerate(content):
            yield _entry(one, f"{file.source}: [{i}]", form)
    else:
        name = Path(file.source).stem.removesuffix(form.ending)
        beside = content if isinstance(content, Mapping) else {}
        yield Entry(name, beside.get(RESULT, content), beside, file.source)


def _named(content: Any, place: str, form: Form) -> Entry:
    if _key(content, form) is None:
        known = content if isinstance(content, Mapping) else ()
        wanted = f"an object with the image's name under '{form.keys[0]}' is wanted"
        raise DataError(f"{place}: {wanted}{nearest(form.keys[0], known)}")
    return _entry(content, place, form)


def _entry(content: Mapping[str, Any], place: str, form: Form) -> Entry:
    key = _key(content, form)
    assert key is not None
    if not isinstance(content[key], str):
        raise DataError(f"{place}.{key}: {brief(content[key])} is no name of an image")
    name = inputs.image_name(content[key].replace("\\", "/"), f"{place}.{key}")
    return Entry(name, content.get(RESULT, content), content, place)


def _key(content: Any, form: Form) -> str | None:
    if not isinstance(content, Mapping):
        return None
    return next((key for key in form.keys if content.get(key) is not None), None)
