"""Which images an epoch draws from a mix of datasets."""

from collections import Counter

import numpy as np
import pytest

from tcm.data.loading.orders import Mixed, Shuffled
from tcm.data.loading.sampler import EndlessBatchSampler, TrainBatchSampler

LENGTHS, SHARES = [7, 3], [4, 5]


def _draws(epochs: int, seed: int = 0) -> np.ndarray:
    """Return the draws of the first epochs, (epochs, 9)."""
    order = Mixed(LENGTHS, SHARES, seed)
    return np.stack([order(epoch) for epoch in range(epochs)])


def test_each_part_has_its_share_of_every_epoch() -> None:
    for draws in _draws(20):
        assert np.bincount(draws % 10 >= 7).tolist() == SHARES


def test_a_part_goes_through_its_images_before_it_begins_again() -> None:
    draws = _draws(21)
    for part, (start, end) in enumerate([(0, 7), (7, 10)]):
        of_part = [d for epoch in draws for d in epoch.tolist() if start <= d % 10 < end]
        assert len(of_part) == 21 * SHARES[part]
        drawn = Counter(of_part)
        assert set(drawn.values()) == {1}  # no image twice with one draw, thus one augmentation
        passes = 21 * SHARES[part] // LENGTHS[part]
        assert set(drawn) == {10 * p + i for p in range(passes) for i in range(start, end)}


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    assert np.array_equal(_draws(4)[3], Mixed(LENGTHS, SHARES, 0)(3))
    assert not np.array_equal(_draws(1), _draws(1, seed=1))
    assert not np.array_equal(_draws(8)[0] % 10, _draws(8)[7] % 10)


def test_the_parts_are_shuffled_together() -> None:
    first = [np.flatnonzero(draws % 10 < 7).tolist() for draws in _draws(6)]
    assert len({tuple(places) for places in first}) > 3


@pytest.mark.parametrize("done", [0, 1, 3, 4, 11])
@pytest.mark.parametrize("world_size", [1, 2])
def test_batches_of_a_mix_go_on_where_they_stopped(done: int, world_size: int) -> None:
    def batches(first: int, rank: int) -> list[list[int]]:
        epochs = TrainBatchSampler(
            9, 2, rank=rank, world_size=world_size, order=Mixed(LENGTHS, SHARES, 5)
        )
        endless = iter(EndlessBatchSampler(epochs, first))
        return [next(endless) for _ in range(16 - first)]

    for rank in range(world_size):
        assert batches(done, rank) == batches(0, rank)[done:]


def test_one_dataset_is_drawn_as_ever() -> None:
    order = np.random.default_rng([3, 2]).permutation(6) + 12
    np.testing.assert_array_equal(Shuffled(6, 3)(2), order)
