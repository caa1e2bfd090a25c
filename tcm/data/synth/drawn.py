"""What datasets have in common that are drawn on the fly."""

from collections.abc import Sequence

import numpy as np

from tcm.data.storage.sequences import Lazy


class Drawn:
    """A dataset of images that depend on a seed and their index alone.

    Subclasses have ``load(index)``, which draws with `generator`.

    Args:
        name: What the names of the images begin with.
        length: Number of images.
        seed: Another seed, other images.
    """

    def __init__(self, name: str, length: int, seed: int) -> None:
        self.name, self.length, self.seed = name, length, seed

    def __len__(self) -> int:
        return self.length

    @property
    def ids(self) -> Sequence[str]:
        """The names of the images, which end in the seed and the index."""
        return Lazy(self.length, self.id_of)

    def id_of(self, index: int) -> str:
        """Return the name of an image."""
        return f"{self.name}{self.seed}-{index:06d}"

    def generator(self, index: int) -> np.random.Generator:
        """Return the source of all randomness of an image.

        Raises:
            IndexError: `index` is not in [0, length).
        """
        if not 0 <= index < self.length:
            raise IndexError(f"index {index} of a dataset of {self.length}")
        return np.random.default_rng([self.seed, index])
