"""Transforms of word crops: stretched to the network's size, and their labels as rows of classes.

A crop of any shape becomes a square or a strip (PARSeq: 32 x 128, CLIP4STR: 224 x 224), or what its
aspect ratio asks for (SVTRv2); the ratio is not kept.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tcm.charset import Charset, CharsetConfig
from tcm.data.transforms.moves import resize
from tcm.errors import DataError
from tcm.labels import MAX_LENGTH
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import Pair, Positive
from tcm.word_sizes import MAX_RATIO, SIZES, WordSizes

NO_CHARACTER = -1  # after the end of a label


@TRANSFORMS.register()
class StretchTo:
    """Resize to an exact size, height and width by factors of their own.

    Attributes:
        sizes: The only (height, width) that there is.
    """

    def __init__(self, size: Pair) -> None:
        """Set up.

        Args:
            size: (height, width) in pixels.
        """
        self.height, self.width = size
        self.sizes = {(self.height, self.width)}

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the resized sample; `rng` is not used."""
        return resize(sample, self.height, self.width)


@TRANSFORMS.register()
class MultiSizeResize:
    """Resize to the size that is set for the crop's aspect ratio, without padding.

    The ratio is that of the canvas as the transforms before have left it. Training then takes
    batches of one size each.

    Attributes:
        sizes: Each (height, width) that there is.
    """

    def __init__(self, sizes: Sequence[Pair] = SIZES, max_ratio: Positive = MAX_RATIO) -> None:
        """Set up.

        Args:
            sizes: As of `WordSizes`.
            max_ratio: As of `WordSizes`.

        Raises:
            ConfigError: `sizes` is empty.
        """
        self._rule = WordSizes(sizes, max_ratio)
        self.sizes = self._rule.all()

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the resized sample; `rng` is not used."""
        return resize(sample, *self._rule.size_of(*sample.size))


@TRANSFORMS.register()
class LabelTargets:
    """Write each text as the indices of its characters.

    Fills ``sample.maps``: ``text_rows`` int64 (N, max_label_length), a row a text, and so one for a
    word crop: 0 to n - 1 for the n characters of the charset, then -1. The special classes are the
    recognizer's own affair.
    """

    def __init__(
        self, charset: CharsetConfig = 94, max_label_length: Positive = MAX_LENGTH
    ) -> None:
        """Set up.

        Args:
            charset: As `Charset.build` takes it; the model's, and the one that the dataset cleans
                labels with.
            max_label_length: Greatest number of characters.

        Raises:
            ConfigError: The charset or the length cannot be used.
        """
        self.charset = Charset.build(charset, "LabelTargets.charset")
        self.max_label_length = max_label_length

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with the rows added; `rng` is not used.

        Raises:
            DataError: There is no text, it is too long, or it has a character that the charset
                lacks: the dataset's rules for labels do not fit.
        """
        rows = np.full((len(sample.instances), self.max_label_length), NO_CHARACTER, np.int64)
        for row, text in zip(rows, sample.instances.texts, strict=True):
            classes = self._classes(text, sample.path)
            row[: len(classes)] = classes
        return replace(sample, maps={**sample.maps, "text_rows": rows})

    def _classes(self, text: str | None, path: str) -> list[int]:
        if text is None:
            raise DataError(f"{path}: there is no text to learn")
        if len(text) > self.max_label_length:
            raise DataError(f"{path}: '{text}' is longer than {self.max_label_length} characters")
        try:
            return self.charset.indices(text)
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
