import math

import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.recognizers.permutations import OrderSampler
from tests.models.recognizers import oracles


def sample(length, seed=0, **options):
    return OrderSampler(**options)(length, torch.Generator().manual_seed(seed)).tolist()


def test_number_of_orders_and_structure_are_the_reference_s():
    for case in oracles.facts("masks")["sampled"]:
        options = {
            "count": case["perm_num"],
            "forward": case["perm_forward"],
            "mirrored": case["perm_mirrored"],
            "second": "reverse",
        }
        length = case["T"]
        orders = sample(length, case["seed"], **options)
        if case["orders"] is not None:
            assert len(orders) == len(case["orders"])
        assert all(sorted(order) == list(range(length + 2)) for order in orders)
        if len(orders) > 1:
            assert orders[1] == [0, *range(length + 1, 0, -1)]
        assert all(order[-1] == length + 1 for order in orders[2:])


@pytest.mark.parametrize("length", [0, 1])
def test_short_labels_have_one_order(length):
    assert sample(length) == [list(range(length + 2))]


@pytest.mark.parametrize(("length", "count"), [(2, 2), (3, 6), (4, 6), (5, 6), (25, 6)])
def test_forward_and_its_mirror_image_lead_and_pairs_follow(length, count):
    forward = list(range(1, length + 1))
    for seed in range(20):
        orders = sample(length, seed)
        assert len(orders) == count
        assert orders[:2] == [[0, *forward, length + 1], [0, length + 1, *forward[::-1]]]
        for order, mirror in zip(orders[2::2], orders[3::2], strict=True):
            assert mirror[1:-1] == order[1:-1][::-1]
            assert order[0] == mirror[0] == 0
            assert order[-1] == mirror[-1] == length + 1


def test_four_characters_have_no_order_twice_and_all_come_up():
    seen = set()
    for seed in range(60):
        orders = [tuple(order[1:-1]) for order in sample(4, seed)[2:]]
        assert len(set(orders)) == 4
        seen.update(orders)
    assert len(seen) == math.factorial(4) - 2


def test_the_second_order_learns_the_end_from_the_begin_alone():
    own = sample(5, mirrored=False, count=3)
    assert own[1][:2] == [0, 6]
    assert own[1] != [0, 6, 5, 4, 3, 2, 1]
    assert sample(5, mirrored=False, count=3, second="reverse")[1] == [0, 6, 5, 4, 3, 2, 1]
    free = sample(3, seed=1, forward=False)
    assert free[1][1] == 4
    assert free[1][2:] == free[0][1:-1][::-1]


def test_without_pairs_orders_of_short_labels_differ():
    orders = sample(3, mirrored=False, count=6)
    characters = [tuple(i for i in order if 0 < i < 4) for order in orders]
    assert len(set(characters)) == math.factorial(3)


def test_options_that_make_no_sense_are_named():
    with pytest.raises(ConfigError, match="an even number above 0 is wanted, got 5"):
        OrderSampler(count=5)
    with pytest.raises(ConfigError, match="a number above 0 is wanted, got 0"):
        OrderSampler(count=0, mirrored=False)
    with pytest.raises(ConfigError, match="'own' or 'reverse' is wanted, got 'none'"):
        OrderSampler(second="none")
