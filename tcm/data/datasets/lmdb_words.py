"""The dataset of LMDB trees of word crops, as PARSeq and CLIP4STR train and test on them."""

import bisect
import itertools
import json
import logging
import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from tcm import inputs
from tcm.data.datasets.word_list import Invalid, pack_words, unpack_words, word_sample, words_of
from tcm.data.storage import lmdb_files, packed
from tcm.data.storage.images import Exif
from tcm.data.storage.packed import Packed
from tcm.data.storage.sequences import Joined, Lazy
from tcm.errors import DataError
from tcm.labels import LabelRules
from tcm.registry import DATASETS, Arguments
from tcm.structures import Config, Sample

log = logging.getLogger("tcm")


@DATASETS.register()
class LMDBWords:
    """The words of all LMDBs at and below a folder, in the order of the folders' names.

    A sample's path is the LMDB's folder and the image's key, such as
    ``test/IIIT5k/image-000000001``, so that the folder names the benchmark in the report. The
    dataset itself holds no file open: each process opens what it reads, so spawned workers work.
    """

    def __init__(
        self,
        root: str,
        labels: Annotated[Config | None, Arguments(LabelRules)] = None,
        invalid: Invalid = "skip",
        exif: Exif = "apply",
        cache: bool = True,
        folders: Sequence[str] | None = None,
    ) -> None:
        """Read the labels.

        Args:
            root: The folder.
            labels: How labels are cleaned, see `LabelRules`; None as for PARSeq's training: ASCII
                without whitespace, at most 25 characters, charset 94.
            invalid: A word whose image or label is missing or empty, or whose label the rules
                refuse, is left out with one warning an LMDB (``skip``), or stops with an error
                (``error``). An image that is there but not whole stops when it is loaded;
                ``tcm data lmdb-info`` finds such.
            exif: As of `read_image`; PARSeq and CLIP4STR ignore it.
            cache: Whether the labels of a large LMDB are read once for each set of rules, and kept
                beside its ``data.mdb`` as ``words-RULES.tcm-cache``.
            folders: Those below the root that are read, in this order. One that is not there is
                left out, with a line, as long as another one is. None for all.

        Raises:
            ConfigError: The rules or `invalid` are wrong.
            DataError: There is no LMDB, one is damaged, or no word of one can be used; or none of
                `folders` is there.
        """
        self.root = root
        self.exif: Exif = exif
        rules = LabelRules.build(labels, "LMDBWords.labels")
        roots = [Path(root)] if folders is None else _present(Path(root), folders)
        self.folders = [folder for one in roots for folder in lmdb_files.find_lmdbs(one)]
        self._contents = [_read(folder, rules, invalid, cache) for folder in self.folders]
        pairs = zip(self.folders, self._contents, strict=True)
        self.parts = [unpack_words(str(folder), content) for folder, content in pairs]
        self.ends = list(itertools.accumulate(len(part.labels) for part in self.parts))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "parts": []}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.parts = [words_of(content) for content in self._contents]

    @property
    def ids(self) -> Sequence[str]:
        """Return the folder below the root and the key of each image."""
        return self._named([folder.relative_to(self.root).as_posix() for folder in self.folders])

    @property
    def paths(self) -> Sequence[str]:
        """Return the folder and the key of each image."""
        return self._named([str(folder) for folder in self.folders])

    @property
    def labels(self) -> Sequence[str]:
        """Return the labels."""
        return Joined([part.labels for part in self.parts])

    def __len__(self) -> int:
        return self.ends[-1]

    def load(self, index: int) -> Sample:
        """Return a word, untransformed.

        Raises:
            DataError: Its image is not whole, or the LMDB is damaged.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"{index} of {len(self)}")
        place = bisect.bisect_right(self.ends, index)
        folder, part = self.folders[place], self.parts[place]
        position = index - self.ends[place] + len(part.labels)
        number = int(part.positions[position]) + 1
        image = lmdb_files.read_image(folder, number, self.exif)
        path = str(folder / lmdb_files.image_key(number))
        return word_sample(image, path, part.labels[position], index)

    def _named(self, folders: Sequence[str]) -> Sequence[str]:
        pairs = zip(folders, self.parts, strict=True)
        return Joined([_keys(folder, part.positions) for folder, part in pairs])


def _present(root: Path, folders: Sequence[str]) -> list[Path]:
    """Return the folders below a root that are there."""
    absent = [folder for folder in folders if not inputs.is_dir(root / folder)]
    if len(absent) == len(folders):
        raise DataError(f"{inputs.shown_path(root)}: no folder {', '.join(absent)}")
    if absent:
        log.warning("%s: left out, not there: %s", root, ", ".join(absent))
    return [root / folder for folder in folders if folder not in absent]


def _keys(folder: str, positions: np.ndarray) -> Sequence[str]:
    """Return the keys of images at and below a folder, ``.`` for the root itself."""
    start = "" if folder == "." else f"{folder}/"
    return Lazy(len(positions), lambda i: f"{start}{lmdb_files.image_key(int(positions[i]) + 1)}")


def _read(folder: Path, rules: LabelRules, invalid: Invalid, cache: bool) -> Packed:
    """Return the usable words of an LMDB, by its cache if there is one."""
    source = folder / "data.mdb"
    if not cache or not packed.worth_keeping(source, time.time_ns()):
        return pack_words(str(folder), lmdb_files.read_words(folder), rules, invalid)
    # The characters, not the charset's name: it may be that of a file.
    settings = asdict(rules) | {"charset": None}
    named = zlib.crc32(json.dumps(settings, sort_keys=True).encode())
    stamp = packed.stamp_of(source, "words", rules=settings)
    file = folder / f"words-{named:08x}.tcm-cache"
    found = packed.load(file, stamp)
    if found is None or (invalid == "error" and found.notes["left out"]):
        content = pack_words(str(folder), lmdb_files.read_words(folder), rules, invalid)
        found = packed.save(file, content, stamp)
    return found
