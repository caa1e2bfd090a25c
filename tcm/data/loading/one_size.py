"""Batches of one size each, of images that a pipeline brings to several sizes.

What size an image gets is known when it is there, since datasets may draw it and augmentation may
turn it. So a worker makes a *pool*, the images of several batches, and shares it out by size. How
many batches a pool makes does not depend on the sizes: which one comes at which step is again a
function of the seed alone, and a resumed run goes on exactly.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from torch.utils.data import Sampler

from tcm.data.loading.collate import collate
from tcm.data.loading.orders import Order
from tcm.errors import ConfigError
from tcm.structures import Batch, Sample

_POOL = 16  # batches that a pool would fill if all images had one size


def batch_count(images: int, batch_size: int, sizes: int) -> int:
    """Return how many batches a pool makes, whatever the sizes of its images.

    Of each size the last batch may be incomplete, so that it is at most one more a size. As many
    are always made, none of them empty; where fewer would do, the largest are halved.

    Args:
        images: Of the pool.
        batch_size: Images of a batch, at most.
        sizes: That there are.
    """
    return min(-(-images // batch_size) + sizes - 1, images)


def batches_of(samples: Sequence[Sample], batch_size: int, sizes: int) -> list[Batch]:
    """Return the batches of a pool, `batch_count` of them; each has images of one size.

    A batch comes as soon as its images have come, so that sizes follow one another as the seed has
    it; then those that stay incomplete.

    Args:
        samples: Of the pool.
        batch_size: As of `batch_count`.
        sizes: As of `batch_count`.

    Raises:
        ConfigError: The images have more sizes than that.
    """
    whole: list[list[Sample]] = []
    filling: dict[tuple[int, int], list[Sample]] = {}
    for sample in samples:
        members = filling.setdefault(sample.size, [])
        members.append(sample)
        if len(members) == batch_size:
            whole.append(filling.pop(sample.size))
    parts = [*whole, *filling.values()]
    found = {sample.size for sample in samples}
    if len(found) > sizes:
        raise ConfigError(
            f"data.train: images of {len(found)} sizes, while the pipelines name {sizes}; what "
            "stretches them must be the last geometric transform of each"
        )
    while len(parts) < batch_count(len(samples), batch_size, sizes):
        place = max(range(len(parts)), key=lambda i: len(parts[i]))
        largest = parts[place]
        parts[place : place + 1] = [largest[: len(largest) // 2], largest[len(largest) // 2 :]]
    return [collate(part, size_divisor=1) for part in parts]


class PoolSampler(Sampler[list[int]]):
    """The pools of one epoch after the other, without end.

    An epoch shows each image of the order once. All processes share the order: a global pool is
    as many consecutive places of it as all their pools hold, of which each process takes every
    world_size-th. If an epoch's last pool does not come out even, some processes take an image of
    another one besides.
    """

    def __init__(
        self,
        order: Order,
        batch_size: int,
        sizes: int,
        rank: int = 0,
        world_size: int = 1,
        first_batch: int = 0,
    ) -> None:
        """Set up.

        Args:
            order: The draws of each epoch.
            batch_size: Images of a batch and process, at most.
            sizes: As of `batch_count`.
            rank: Number of this process.
            world_size: Number of processes; each gets the same number of batches.
            first_batch: Batches that were handed out before, over all epochs.
        """
        self.order = order
        self.batch_size = batch_size
        self.sizes = sizes
        self.rank = rank
        self.world_size = world_size
        pool = _POOL * batch_size
        self._whole, rest = divmod(len(order), pool * world_size)
        self._in_whole = batch_count(pool, batch_size, sizes)
        self._in_last = batch_count(-(-rest // world_size), batch_size, sizes)
        self.first_epoch, done = divmod(first_batch, self.batches_per_epoch)
        # The last pool makes no more batches than a whole one.
        self.first_pool, self.first_in_pool = divmod(done, self._in_whole)

    @property
    def batches_per_epoch(self) -> int:
        """Return the batches that each process gets of an epoch."""
        return self._whole * self._in_whole + self._in_last

    def __iter__(self) -> Iterator[list[int]]:
        size = _POOL * self.batch_size * self.world_size
        first = self.first_pool
        for epoch in itertools.count(self.first_epoch):
            draws = self.order(epoch)
            for start in range(first * size, len(draws), size):
                pool = draws[start : start + size]
                even = np.resize(pool, -(-len(pool) // self.world_size) * self.world_size)
                yield even[self.rank :: self.world_size].tolist()
            first = 0


class OneSizeBatches:
    """The batches of pools, one after the other.

    Args:
        pools: Of `batches_of`.
        first: Batches of the first pool that are left out.
    """

    def __init__(self, pools: Iterable[list[Batch]], first: int) -> None:
        self.pools = pools
        self.first = first

    def __iter__(self) -> Iterator[Batch]:
        first = self.first
        for batches in self.pools:
            yield from batches[first:]
            first = 0
