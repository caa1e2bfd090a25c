"""The dataset of tar files of images with captions, as WebDataset's tools write them."""

import bisect
import itertools
import tarfile
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tcm import inputs
from tcm.data.datasets.captioned import (
    IMAGES,
    LONGEST,
    SUFFIX,
    caption_of,
    captioned,
    require_some,
)
from tcm.data.storage.images import Exif, decode_image
from tcm.data.storage.sequences import Joined, Lazy, Texts, TextsBuilder
from tcm.errors import DataError
from tcm.registry import DATASETS
from tcm.structures import Sample

_SHARD = 64 * 2**30  # bytes of a tar file
_IMAGE = 64 * inputs.MB  # bytes of an image in it


class Shard(NamedTuple):
    """What is known of a tar file.

    Attributes:
        path: The file.
        keys: Names of its images.
        places: int64 (N, 4): start and length in bytes of each image and of its caption.
    """

    path: Path
    keys: Sequence[str]
    places: np.ndarray


@DATASETS.register()
class CaptionShards:
    """The pairs ``KEY.jpg``, ``KEY.txt`` in uncompressed tar files; other members are passed over.

    Their places are noted when the files are opened, and each pair is read where it lies, so any
    order can be drawn and a run resumes exactly. Where WebDataset streams, this needs a file system
    that can seek.
    """

    def __init__(self, shards: Sequence[str], exif: Exif = "apply") -> None:
        """Look through the files.

        Args:
            shards: The tar files; ``*`` and ``?`` stand for parts of a name.
            exif: As of `read_image`.

        Raises:
            DataError: A file is missing, compressed or damaged, or none has a pair.
        """
        self.exif: Exif = exif
        self.shards = [_look_through(path) for pattern in shards for path in _files(pattern)]
        self.ends = list(itertools.accumulate(len(shard.places) for shard in self.shards))
        require_some(self.ends[-1] if self.ends else 0, ", ".join(shards))

    @property
    def ids(self) -> Sequence[str]:
        """The names of the images: that of the tar file, and that in it."""
        return Joined([_named(shard) for shard in self.shards])

    def __len__(self) -> int:
        return self.ends[-1]

    def load(self, index: int) -> Sample:
        """Return an image with its caption.

        Raises:
            DataError: One of the two is damaged, or the file has changed.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"{index} of {len(self)}")
        number = bisect.bisect_right(self.ends, index)
        shard = self.shards[number]
        own = index - self.ends[number] + len(shard.places)
        place = f"{shard.path}/{shard.keys[own]}"
        start, size, caption_start, caption_size = shard.places[own].tolist()
        with inputs.open_file(shard.path, _SHARD) as file:
            file.seek(start)
            image = file.read(size)
            file.seek(caption_start)
            caption = caption_of(file.read(caption_size), place)
        if len(image) < size:
            raise DataError(f"{place}: the file has been cut since it was opened")
        pixels = decode_image(np.frombuffer(image, np.uint8), place, self.exif)
        return captioned(pixels, place, caption, index)


def _files(pattern: str) -> list[Path]:
    """Return the files of a pattern, in the order of their names."""
    path = Path(pattern)
    return sorted(path.parent.glob(path.name)) if set("*?[") & set(path.name) else [path]


def _look_through(path: Path) -> Shard:
    images: dict[str, tuple[int, int]] = {}
    captions: dict[str, tuple[int, int]] = {}
    with inputs.open_file(path, _SHARD) as file:
        try:
            with tarfile.open(fileobj=file, mode="r:") as archive:
                for member in archive:
                    key, dot, suffix = member.name.rpartition(".")
                    kind = captions if dot + suffix == SUFFIX else images
                    if not member.isreg() or not (kind is captions or dot + suffix in IMAGES):
                        continue
                    limit = LONGEST if kind is captions else _IMAGE
                    inputs.check_size(path / member.name, member.size, limit)
                    kind[key] = (member.offset_data, member.size)
        except (tarfile.TarError, OSError, ValueError) as error:
            raise DataError(f"{path}: no tar file, or a compressed one: {error}") from error
    pairs = [key for key in images if key in captions]
    keys, places = TextsBuilder(), array("q")
    keys.extend(pairs)
    for key in pairs:
        places.extend((*images[key], *captions[key]))
    return Shard(path, Texts(*keys.arrays()), np.frombuffer(places, np.int64).reshape(-1, 4))


def _named(shard: Shard) -> Sequence[str]:
    return Lazy(len(shard.keys), lambda index: f"{shard.path.name}/{shard.keys[index]}")
