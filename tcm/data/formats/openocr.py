"""The sets of word crops that OpenOCR publishes as LMDBs: Union14M-L's, OST and its long texts.

The keys are those of `tcm.data.storage.lmdb_files`; ``wh-%09d``, which some have beside them, is
not read. An LMDB is looked for under the names that OpenOCR's pages and configs give it, and in RAW
itself. It stays where it is, and every word is read to prove it whole.

* ``union14m-l``: Union14M-L without the 6,599 crops that are in its own benchmark, by difficulty,
  for training; and the seven parts of that benchmark. The list of what is left out is made against
  that benchmark alone: ArT, COCO-Text, MLT19 and LSVT training images are in it.
* ``ost``: crops with one (weak, WOST) or two lines (heavy, HOST) drawn over a character.
* ``ltb-long``: texts of 26 characters and more, called LTB there; LTB the benchmark of detection is
  `tcm.data.formats.ltb_det`.
"""

from pathlib import Path
from typing import NamedTuple

from tcm import inputs
from tcm.data.formats.raw import Progress, is_absent, log, silent
from tcm.data.prepare.lmdb_check import inspect_lmdb
from tcm.errors import DataError


class Part(NamedTuple):
    """An LMDB of a set.

    Attributes:
        split: ``train`` or ``test``.
        name: Of its folder as it is written, which is its name in reports.
        places: Folders of RAW in which it may lie.
        words: As published; None if that is not known.
    """

    split: str
    name: str
    places: tuple[str, ...]
    words: int | None = None


class Proven(NamedTuple):
    """An LMDB that was read: its part of the set, its folder, the number of its words."""

    part: Part
    folder: Path
    words: int


_FILTERED = {
    "easy": 2_073_822,
    "medium": 144_677,
    "hard": 306_771,
    "normal": 217_070,
    "challenging": 481_803,
}
_BENCHMARK = {
    "curve": 2_426,
    "multi_oriented": 1_369,
    "artistic": 900,
    "contextless": 779,
    "salient": 1_585,
    "multi_words": 829,
    "general": 400_000,
}


def _under(folder: str, *names: str) -> tuple[str, ...]:
    return (*(f"{folder}/{name}" for name in names), *names)


SETS = {
    "union14m-l": (
        *(
            Part(
                "train",
                name,
                _under("Union14M-L-LMDB-Filtered", f"train_{name}", f"filter_train_{name}"),
                words,
            )
            for name, words in _FILTERED.items()
        ),
        *(Part("test", name, _under("u14m", name), words) for name, words in _BENCHMARK.items()),
    ),
    "ost": (
        Part("test", "WOST", _under("OST", "weak"), 2_416),
        Part("test", "HOST", _under("OST", "heavy"), 2_416),
    ),
    "ltb-long": (Part("test", "LTB-long", _under("ltb", "long_lmdb")),),
}


def read(raw: Path, name: str, progress: Progress = silent) -> list[Proven]:
    """Find the LMDBs of a set and read all their words, images decoded.

    What is absent is skipped with a line; a count of words that is not the published one is said in
    a line.

    Args:
        raw: The folder of the LMDBs' folders.
        name: A key of `SETS`.
        progress: Called now and then with an LMDB's folder, the words done and their total.

    Raises:
        DataError: There is none, one is damaged, or a word has no image, no label or is not whole.
    """
    raw = Path(raw)
    parts = [part for part in SETS[name] if not is_absent(raw, part.name, *_files(part))]
    if not parts:
        raise DataError(f"{raw}: there is no LMDB of {name}")
    return [_proven(raw, part, progress) for part in parts]


def _files(part: Part) -> list[str]:
    return [f"{place}/data.mdb" for place in part.places]


def _proven(raw: Path, part: Part, progress: Progress) -> Proven:
    folder = next(raw / place for place in part.places if inputs.exists(raw / place / "data.mdb"))
    report = inspect_lmdb(folder, progress=progress)
    if report.broken:
        more = len(report.broken) - 1
        also = f" (and {more} more, see tcm data lmdb-info)" if more else ""
        raise DataError(f"{folder}/{report.broken[0]}{also}")
    if part.words not in (None, report.words):
        log.warning("%s: %d words; %d are published", folder, report.words, part.words)
    return Proven(part, folder, report.words)
