"""The dataset of word crops in plain folders, named by a label file."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from tcm import inputs
from tcm.data.datasets.dataset import ImageInfo
from tcm.data.datasets.word_list import Invalid, choose_words, word_sample
from tcm.data.storage.images import Exif, read_image
from tcm.data.storage.label_files import Form, read_labels
from tcm.data.storage.raw_word import RawWord
from tcm.data.storage.sequences import Lazy, Texts, TextsBuilder
from tcm.errors import DataError
from tcm.labels import LabelRules
from tcm.registry import DATASETS, Arguments
from tcm.structures import Config, Sample


@DATASETS.register()
class FolderWords:
    """The words of a label file; a sample's path is the image file."""

    def __init__(
        self,
        ann_file: str,
        img_root: str | None = None,
        form: Form = "auto",
        labels: Annotated[Config | None, Arguments(LabelRules)] = None,
        invalid: Invalid = "skip",
        exif: Exif = "apply",
    ) -> None:
        """Read the labels.

        Args:
            ann_file: The label file.
            img_root: Folder that the image paths are relative to; None for the file's own.
            form: The form of its lines: ``space``, ``tab``, ``quoted``, ``jsonl``, ``json``, or
                ``auto`` to find it, see `label_files`.
            labels: How labels are cleaned, see `LabelRules`; None as for PARSeq's training: ASCII
                without whitespace, at most 25 characters, charset 94.
            invalid: A word whose label the rules refuse is left out with one warning (``skip``), or
                stops with an error (``error``). An image that is missing or not whole stops when it
                is loaded.
            exif: As of `read_image`; PARSeq and CLIP4STR ignore it.

        Raises:
            ConfigError: The form, the rules or `invalid` are wrong.
            DataError: The file is missing or malformed, or no word of it can be used.
        """
        if not inputs.is_dir(Path(ann_file).parent):
            how = "tcm data prepare writes it, see docs/datasets.md"
            raise DataError(f"{ann_file}: no such label file; {how}")
        rules = LabelRules.build(labels, "FolderWords.labels")
        lines = read_labels(ann_file, form)
        self.root = Path(ann_file).parent if img_root is None else Path(img_root)
        raw = (RawWord(line.path, line.text) for line in lines)
        words = choose_words(ann_file, raw, rules, invalid)
        self.exif: Exif = exif
        names = TextsBuilder()
        names.extend(lines[position].path for position in words.positions.tolist())
        self.names = Texts(*names.arrays())
        self.labels = words.labels

    @property
    def ids(self) -> Sequence[str]:
        """Return the image paths as the label file has them."""
        return self.names

    @property
    def paths(self) -> Sequence[str]:
        """Return the image files."""
        return Lazy(len(self), lambda index: str(self.root / self.names[index]))

    def __len__(self) -> int:
        return len(self.names)

    def infos(self) -> Sequence[ImageInfo]:
        """Return the file of each word."""
        root, names = str(self.root), self.names
        join = os.path.join  # there may be millions of words, and this is quicker than a Path
        return Lazy(len(self), lambda index: ImageInfo(join(root, names[index]), 1))

    def load(self, index: int) -> Sample:
        """Return a word, untransformed.

        Raises:
            DataError: Its image is missing or not whole.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"{index} of {len(self)}")
        path = str(self.root / self.names[index])
        return word_sample(read_image(path, self.exif), path, self.labels[index], index)
