"""Which images make up which batch: seeded, exactly resumable, shared out among processes.

The samplers yield lists of draws, see `tcm.data.loading.orders`, that `Pipeline` takes.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

from tcm.data.loading.orders import Order, Shuffled


class TrainBatchSampler(Sampler[list[int]]):
    """Batches of one order per (seed, epoch), a permutation of the images or a mix of datasets.

    All processes share the order: a global batch is ``batch_size * world_size`` consecutive
    places of it, of which each process takes every world_size-th. Set `start_batch` after
    `set_epoch` to skip the batches that an interrupted epoch has done; it counts for that epoch
    alone. ``len`` is always that of the whole epoch.
    """

    def __init__(
        self,
        length: int,
        batch_size: int,
        seed: int = 0,
        drop_last: bool = True,
        rank: int = 0,
        world_size: int = 1,
        order: Order | None = None,
    ) -> None:
        """Set up.

        Args:
            length: Number of draws of an epoch.
            batch_size: Images a batch and process.
            seed: Seed of the order, at least 0.
            drop_last: Leave the last, incomplete batch out, unless it is the only one.
            rank: Number of this process.
            world_size: Number of processes; each gets the same number of batches, none of them
                empty.
            order: The draws of each epoch, `length` of them; None for each image once.
        """
        self.length = length
        self.order = order or Shuffled(length, seed)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0
        self.start_batch = 0

    @property
    def sampler(self) -> "TrainBatchSampler":
        """Return itself: Lightning looks here for `set_epoch`."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch to hand out; another epoch than before starts at its first batch."""
        if epoch != self.epoch:
            self.start_batch = 0
        self.epoch = epoch

    def __len__(self) -> int:
        whole, rest = divmod(self.length, self.batch_size * self.world_size)
        return whole + (rest > 0 and (whole == 0 or not self.drop_last))

    def __iter__(self) -> Iterator[list[int]]:
        order = self.order(self.epoch)
        size = self.batch_size * self.world_size
        for batch in range(self.start_batch, len(self)):
            places = order[batch * size : (batch + 1) * size]
            if len(places) < self.world_size:  # a process without images would hang the others
                places = np.concatenate([places, np.resize(order, self.world_size - len(places))])
            yield places[self.rank :: self.world_size].tolist()


class EndlessBatchSampler(Sampler[list[int]]):
    """The batches of one epoch after the other, without end.

    A training run is a stream of steps; which batch comes at which step depends on nothing but the
    seed, so a run that is resumed after any number of batches goes on with the right one.
    """

    def __init__(self, epochs: TrainBatchSampler, first_batch: int = 0) -> None:
        """Set up.

        Args:
            epochs: The batches of an epoch.
            first_batch: Batches that were handed out before, over all epochs.
        """
        self.epochs = epochs
        self.first_batch = first_batch

    def __iter__(self) -> Iterator[list[int]]:
        first, start = divmod(self.first_batch, len(self.epochs))
        for epoch in itertools.count(first):
            self.epochs.set_epoch(epoch)
            self.epochs.start_batch = start
            yield from self.epochs
            start = 0


class EvalBatchSampler(Sampler[list[int]]):
    """Batches of images of one size, each image once; without sizes in the dataset's order.

    Of several processes each takes every world_size-th image. One for which there is none takes an
    image of another, since the others wait for it: such an image comes twice.

    Args:
        length: Number of images.
        batch_size: Images a batch and process, at most.
        rank: Number of this process.
        world_size: Number of processes.
        sizes: Height and width of each image, (length, 2); None if they are not known.
    """

    def __init__(
        self,
        length: int,
        batch_size: int = 1,
        rank: int = 0,
        world_size: int = 1,
        sizes: np.ndarray | None = None,
    ) -> None:
        sizes = np.zeros((length, 2), np.int64) if sizes is None else sizes
        whole = np.lexsort((sizes[:, 1], sizes[:, 0]))  # stable
        order = whole[rank::world_size] if rank < length else whole[-1:]
        changes = (np.diff(sizes[order], axis=0) != 0).any(axis=1)
        self.batches = [
            part[start : start + batch_size].tolist()
            for part in np.split(order, np.flatnonzero(changes) + 1)
            for start in range(0, len(part), batch_size)
        ]

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)
