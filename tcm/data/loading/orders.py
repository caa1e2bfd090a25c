"""Which images an epoch draws, and in which order: a function of seed and epoch alone.

A draw is ``epoch * N + index``, with N the images of the dataset; `Pipeline` takes it.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from tcm.data.datasets.dataset import Dataset
from tcm.data.datasets.mix import Mix


class Order(Protocol):
    """The draws of each epoch."""

    def __len__(self) -> int:
        """Return the number of draws of an epoch."""

    def __call__(self, epoch: int) -> np.ndarray:
        """Return the draws of an epoch, int64 (len,)."""


class Shuffled:
    """Each image once.

    Args:
        length: Number of images.
        seed: At least 0.
    """

    def __init__(self, length: int, seed: int) -> None:
        self.length = length
        self.seed = seed

    def __len__(self) -> int:
        return self.length

    def __call__(self, epoch: int) -> np.ndarray:
        """Return the draws of an epoch, int64 (len,)."""
        order = np.random.default_rng([self.seed, epoch]).permutation(self.length)
        return order + epoch * self.length


class Mixed:
    """A number of images of each part of a dataset.

    A part goes through a permutation of its images, then through another one; where an epoch ends
    has no say in that. The epoch of a draw is the number of the pass over its part, so that an
    image which an epoch shows twice gets other random numbers each time.

    Args:
        lengths: Images of the parts, which follow one another.
        shares: Draws of each in an epoch.
        seed: At least 0.
    """

    def __init__(self, lengths: Sequence[int], shares: Sequence[int], seed: int) -> None:
        self.lengths = lengths
        self.shares = shares
        self.seed = seed

    def __len__(self) -> int:
        return sum(self.shares)

    def __call__(self, epoch: int) -> np.ndarray:
        """Return the draws of an epoch, int64 (len,)."""
        draws = np.concatenate([self._of(part, epoch) for part in range(len(self.lengths))])
        return draws[np.random.default_rng([self.seed, epoch]).permutation(len(draws))]

    def _of(self, part: int, epoch: int) -> np.ndarray:
        """Return the draws of a part."""
        length, share = self.lengths[part], self.shares[part]
        first, last = epoch * share, (epoch + 1) * share
        start, total = sum(self.lengths[:part]), sum(self.lengths)
        passes = range(first // length, (last - 1) // length + 1)
        draws = [number * total + start + self._permutation(part, number) for number in passes]
        begin = first - passes[0] * length
        return np.concatenate(draws)[begin : begin + share]

    def _permutation(self, part: int, number: int) -> np.ndarray:
        return np.random.default_rng([self.seed, number, part, 1]).permutation(self.lengths[part])


def order_of(dataset: Dataset, seed: int) -> Order:
    """Return the order in which training draws from a dataset."""
    if isinstance(dataset, Mix):
        return Mixed([len(part) for part in dataset.datasets], dataset.shares(), seed)
    return Shuffled(len(dataset), seed)


def first_indices(dataset: Dataset, count: int) -> list[int]:
    """Return images to look at: of a mix the first that training draws, else the first ones.

    Args:
        dataset: Where they come from.
        count: How many; they begin again if there are fewer.
    """
    if not isinstance(dataset, Mix):
        return [place % len(dataset) for place in range(count)]
    order = order_of(dataset, 0)
    epochs = range(-(-count // len(order)))
    draws = np.concatenate([order(epoch) for epoch in epochs] or [np.zeros(0, int)])
    return (draws[:count] % len(dataset)).tolist()
