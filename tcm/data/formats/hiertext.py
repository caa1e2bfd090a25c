"""HierText in its official layout: words, lines and paragraphs of images of Open Images.

``gt/train.jsonl.gz``, ``gt/validation.jsonl.gz`` and ``gt/test.jsonl.gz``, unpacked or not, and the
images ``ID.jpg`` in ``train``, ``validation`` and ``test``; a split whose file and folder are both
absent is skipped. Despite its suffix each file is one JSON object, see `tcm.annotations.hiertext`.

A record has the texts of one level, words by default: each has its own outline, which of lines and
paragraphs is looser than the union of their words that the protocol scores. Texts that are not
legible are ignored; paragraphs have none.
"""

from functools import partial
from pathlib import Path

from tcm import inputs
from tcm.annotations.hiertext import Level, read_level
from tcm.annotations.instance import Instance
from tcm.data.formats.raw import (
    Progress,
    Source,
    Splits,
    by_stem,
    check_ids,
    collect,
    folder,
    images_in,
    is_absent,
    silent,
)
from tcm.data.storage.images import Exif
from tcm.errors import DataError

SPLITS = {"train": "train", "val": "validation", "test": "test"}
SUFFIXES = (".jsonl.gz", ".jsonl", ".json.gz", ".json")


def read(
    raw: Path, progress: Progress = silent, level: Level = "word", exif: Exif = "apply"
) -> Splits:
    """Read the splits that are there.

    Args:
        raw: The folder that holds ``gt`` and the folders of images.
        progress: Called with the split's name, the images done and their total.
        level: Of the texts.
        exif: As of `read_sources`.

    Raises:
        DataError: There is no split, a file or folder of one is missing, an image is missing, not
            whole or not of the size that the file gives, an annotation malformed.
    """
    raw = Path(raw)
    splits: dict[str, list[Source]] = {}
    for split, name in SPLITS.items():
        files = [f"gt/{name}{suffix}" for suffix in SUFFIXES]
        if not is_absent(raw, split, name, *files):
            path = next((raw / file for file in files if inputs.exists(raw / file)), None)
            if path is None:
                raise DataError(f"{raw}: {files[0]} is missing")
            splits[split] = _sources(folder(raw, name), path, level)
    return collect(splits, raw, progress, exif)


def _sources(place: Path, path: Path, level: Level) -> list[Source]:
    images, pages = by_stem(images_in(place)), read_level(path, level)
    check_ids(images, pages, path)
    return [
        Source(images[name], partial(_words, words), size) for name, (size, words) in pages.items()
    ]


def _words(found: list[Instance]) -> list[Instance]:
    """Return the texts; one that is not legible has an empty text, which is none."""
    return [one._replace(text=one.text or None) for one in found]
