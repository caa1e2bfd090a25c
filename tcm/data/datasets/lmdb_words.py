"""The dataset of LMDB trees of word crops, as PARSeq and CLIP4STR train and test on them."""

import bisect
import itertools
from pathlib import Path
from typing import Annotated

from tcm.data.datasets.word_list import Invalid, choose_words, word_sample
from tcm.data.storage import lmdb_files
from tcm.data.storage.images import Exif
from tcm.labels import LabelRules
from tcm.registry import DATASETS, Arguments
from tcm.structures import Config, Sample


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
    ) -> None:
        """Read the labels.

        Args:
            root: The folder.
            labels: How labels are cleaned, see `LabelRules`; None as for PARSeq's training: ASCII
                without whitespace, at most 25 characters, charset 94.
            invalid: A word whose image or label is missing or empty, or whose label the rules
                refuse, is left out with one warning an LMDB (``skip``), or stops with an error
                (``error``). An image that is there but not whole stops when it is loaded;
                ``tools/prepare_data.py lmdb-info`` finds such.
            exif: As of `read_image`; PARSeq and CLIP4STR ignore it.

        Raises:
            ConfigError: The rules or `invalid` are wrong.
            DataError: There is no LMDB, one is damaged, or no word of one can be used.
        """
        self.root = root
        self.exif: Exif = exif
        rules = LabelRules.build(labels, "LMDBWords.labels")
        self.folders = lmdb_files.find_lmdbs(root)
        self.parts = [
            choose_words(str(folder), lmdb_files.read_words(folder), rules, invalid)
            for folder in self.folders
        ]
        self.ends = list(itertools.accumulate(len(part.labels) for part in self.parts))

    @property
    def ids(self) -> list[str]:
        """Return the folder below the root and the key of each image."""
        return [Path(path).relative_to(self.root).as_posix() for path in self.paths]

    @property
    def paths(self) -> list[str]:
        """Return the folder and the key of each image."""
        return [
            str(folder / lmdb_files.image_key(number))
            for folder, part in zip(self.folders, self.parts, strict=True)
            for number in (part.positions + 1).tolist()
        ]

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
