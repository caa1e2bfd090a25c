"""The sizes of word crops by their aspect ratio: one rule for training, testing and reading.

SVTRv2's multi-size resizing (Du et al., arXiv 2411.15858, section 3.1): short words keep more rows,
long ones more columns, and no crop is padded.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tcm.errors import ConfigError
from tcm.values import Pair, Positive

SIZES = ((64, 64), (48, 96), (40, 112), (32, 128))  # of the ratios 1 to 4, height first
MAX_RATIO = 4


@dataclass(frozen=True)
class WordSizes:
    """A size for each aspect ratio.

    Attributes:
        sizes: (height, width) in pixels of crops whose width over height is nearest to 1, 2, and so
            on; also of those that are taller than wide, the first. Beyond, a crop has the last
            one's height, and its ratio as often that in width.
        max_ratio: The greatest ratio; wider crops are shown like those of it.

    Raises:
        ConfigError: `sizes` is empty.
    """

    sizes: Sequence[Pair] = SIZES
    max_ratio: Positive = MAX_RATIO

    def __post_init__(self) -> None:
        if not self.sizes:
            raise ConfigError("sizes: at least one (height, width) is wanted")

    def size_of(self, height: float, width: float) -> tuple[int, int]:
        """Return the (height, width) of a crop that is so high and wide before."""
        ratio = min(max(round(width / height), 1), self.max_ratio)
        if ratio <= len(self.sizes):
            rows, columns = self.sizes[ratio - 1]
            return rows, columns
        rows = self.sizes[-1][0]
        return rows, ratio * rows

    def all(self) -> set[tuple[int, int]]:
        """Return all sizes that there are."""
        return {self.size_of(1, ratio) for ratio in range(1, self.max_ratio + 1)}
