import itertools

import numpy as np
import pytest

from tcm.data.loading.sampler import EndlessBatchSampler, EvalBatchSampler, TrainBatchSampler


def flat(batches: list[list[int]]) -> list[int]:
    return [draw for batch in batches for draw in batch]


def test_an_epoch_draws_each_image_once() -> None:
    sampler = TrainBatchSampler(12, 4)
    sampler.set_epoch(3)
    batches = list(sampler)
    assert [len(batch) for batch in batches] == [4, 4, 4]
    assert sorted(flat(batches)) == list(range(36, 48))


def test_order_depends_on_seed_and_epoch_only() -> None:
    orders = set()
    for seed, epoch in [(0, 0), (0, 1), (1, 0), (1, 1)]:
        sampler = TrainBatchSampler(20, 4, seed)
        sampler.set_epoch(epoch)
        assert list(sampler) == list(sampler)
        orders.add(tuple(np.array(flat(list(sampler))) % 20))
    assert len(orders) == 4


@pytest.mark.parametrize("start", [0, 1, 4, 5])
def test_resuming_gives_the_rest_of_the_epoch(start: int) -> None:
    whole = TrainBatchSampler(20, 4, seed=2)
    whole.set_epoch(7)
    resumed = TrainBatchSampler(20, 4, seed=2)
    resumed.set_epoch(7)
    resumed.start_batch = start
    resumed.set_epoch(7)  # as Lightning does at the start of the epoch
    assert list(resumed) == list(whole)[start:]
    assert len(resumed) == 5
    for sampler in (whole, resumed):
        sampler.set_epoch(8)
    assert list(resumed) == list(whole)


@pytest.mark.parametrize(
    ("length", "drop_last", "sizes"),
    [(10, True, [4, 4]), (10, False, [4, 4, 2]), (3, True, [3]), (4, True, [4])],
)
def test_last_batch_is_dropped_unless_it_is_the_only_one(
    length: int, drop_last: bool, sizes: list[int]
) -> None:
    sampler = TrainBatchSampler(length, 4, drop_last=drop_last)
    assert [len(batch) for batch in sampler] == sizes
    assert len(sampler) == len(sizes)


@pytest.mark.parametrize("world_size", [2, 3])
def test_processes_share_the_batches_of_one(world_size: int) -> None:
    one = TrainBatchSampler(30, 2 * world_size, seed=1)
    many = [TrainBatchSampler(30, 2, 1, rank=r, world_size=world_size) for r in range(world_size)]
    for step, batch in enumerate(one):
        shares = [list(sampler)[step] for sampler in many]
        assert [len(share) for share in shares] == [2] * world_size
        assert sorted(flat(shares)) == sorted(batch)


@pytest.mark.parametrize("length", [1, 2, 5, 9])
def test_no_process_goes_without_images(length: int) -> None:
    many = [TrainBatchSampler(length, 2, 0, False, rank, 4) for rank in range(4)]
    assert len({len(sampler) for sampler in many}) == 1
    batches = [list(sampler) for sampler in many]
    assert all(batch for share in batches for batch in share)
    assert set(flat([flat(share) for share in batches])) == set(range(length))


@pytest.mark.parametrize("done", [0, 1, 5, 7, 10])
def test_endless_batches_go_on_where_they_were(done: int) -> None:
    epochs = []
    for epoch in range(3):
        sampler = TrainBatchSampler(20, 4, seed=2)
        sampler.set_epoch(epoch)
        epochs += list(sampler)
    endless = EndlessBatchSampler(TrainBatchSampler(20, 4, seed=2), done)
    assert list(itertools.islice(endless, 15 - done)) == epochs[done:]


def test_lightning_finds_set_epoch() -> None:
    sampler = TrainBatchSampler(4, 2)
    sampler.sampler.set_epoch(5)
    assert sampler.epoch == 5


@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_evaluation_visits_each_image_once_in_order(world_size: int) -> None:
    shares = [list(EvalBatchSampler(7, 2, rank, world_size)) for rank in range(world_size)]
    draws = [flat(share) for share in shares]
    assert all(share == sorted(share) for share in draws)
    assert sorted(flat(draws)) == list(range(7))
    assert all(len(batch) <= 2 for share in shares for batch in share)
    assert [len(EvalBatchSampler(7, 2, r, world_size)) for r in range(world_size)] == [
        len(share) for share in shares
    ]


@pytest.mark.parametrize("world_size", [1, 3])
def test_images_of_one_size_are_evaluated_together(world_size: int) -> None:
    sizes = np.array([[32, 64], [64, 32], [32, 64], [32, 32], [32, 64], [64, 32], [32, 64]])
    shares = [list(EvalBatchSampler(7, 2, r, world_size, sizes)) for r in range(world_size)]
    assert sorted(flat([draw for share in shares for draw in share])) == list(range(7))
    for batch in (batch for share in shares for batch in share):
        assert len(batch) <= 2 and len({tuple(sizes[i]) for i in batch}) == 1
    if world_size == 1:
        assert shares == [[[3], [0, 2], [4, 6], [1, 5]]]
