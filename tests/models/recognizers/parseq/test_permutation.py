import math

import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.recognizers.parseq.permutation import (
    PermutationSampler,
    permutation_masks,
    permuted_batch,
    permuted_loss,
)
from tests.models.recognizers import oracles

PERMS = torch.tensor([[0, 1, 2, 3], [0, 3, 2, 1], [0, 2, 1, 3]])


def sample(length, seed=0, **options):
    return PermutationSampler(**options)(length, torch.Generator().manual_seed(seed)).tolist()


def test_number_of_permutations_and_structure_are_the_reference_s():
    for case in oracles.facts("masks")["sampled"]:
        options = {name: case[name] for name in ("perm_num", "perm_forward", "perm_mirrored")}
        length = case["T"]
        perms = sample(length, case["seed"], **options)
        if case["orders"] is not None:
            assert len(perms) == len(case["orders"])
        assert all(sorted(perm) == list(range(length + 2)) for perm in perms)
        if len(perms) > 1:
            assert perms[1] == [0, *range(length + 1, 0, -1)]
        assert all(perm[-1] == length + 1 for perm in perms[2:])


@pytest.mark.parametrize("length", [0, 1])
def test_short_labels_have_one_permutation(length):
    assert sample(length) == [list(range(length + 2))]


@pytest.mark.parametrize(("length", "count"), [(2, 2), (3, 6), (4, 6), (5, 6), (25, 6)])
def test_forward_and_its_mirror_image_lead_and_pairs_follow(length, count):
    forward = list(range(1, length + 1))
    for seed in range(20):
        perms = sample(length, seed)
        assert len(perms) == count
        assert perms[:2] == [[0, *forward, length + 1], [0, length + 1, *forward[::-1]]]
        for perm, mirror in zip(perms[2::2], perms[3::2], strict=True):
            assert mirror[1:-1] == perm[1:-1][::-1]
            assert perm[0] == mirror[0] == 0
            assert perm[-1] == mirror[-1] == length + 1


def test_four_characters_have_no_permutation_twice_and_all_come_up():
    seen = set()
    for seed in range(60):
        perms = [tuple(perm[1:-1]) for perm in sample(4, seed)[2:]]
        assert len(set(perms)) == 4
        seen.update(perms)
    assert len(seen) == math.factorial(4) - 2


@pytest.mark.parametrize("options", [{"perm_mirrored": False}, {"perm_forward": False}])
def test_the_second_permutation_learns_the_end_from_the_begin_alone(options):
    for length in (3, 5):
        assert sample(length, 1, **options)[1] == [0, *range(length + 1, 0, -1)]


def test_without_left_to_right_the_first_permutation_is_drawn():
    firsts = {tuple(sample(5, seed, perm_forward=False)[0]) for seed in range(20)}
    assert len(firsts) > 10


def test_without_pairs_permutations_of_short_labels_differ():
    perms = sample(3, perm_mirrored=False, perm_num=5)
    others = [tuple(perm[1:-1]) for i, perm in enumerate(perms) if i != 1]
    assert len(set(others)) == 4


def test_pairs_need_an_even_number():
    with pytest.raises(ConfigError, match="model.perm_num: pairs need an even number, got 5"):
        PermutationSampler(perm_num=5)


def assert_equal(mask, expected):
    assert torch.equal(mask, expected.bool())


def test_masks_of_permutations_are_the_reference_s():
    facts, expected = oracles.facts("masks"), oracles.arrays("masks")
    for length, orders in facts["orders"].items():
        content, query = permutation_masks(torch.tensor(orders))
        for i in range(len(orders)):
            assert_equal(content[i], expected[f"T{length}_o{i}_content"])
            assert_equal(query[i], expected[f"T{length}_o{i}_query"])
    for i, order in enumerate(facts["extra_orders"]):
        content, query = permutation_masks(torch.tensor([order]))
        assert_equal(content[0], expected[f"extra_o{i}_content"])
        assert_equal(query[0], expected[f"extra_o{i}_query"])


def test_what_three_characters_see():
    orders = torch.tensor([[0, 1, 2, 3, 4], [0, 4, 3, 2, 1], [0, 2, 1, 3, 4]])
    seen = [
        ["".join("B123"[j] for j in range(4) if not row[j]) for row in mask.tolist()]
        for mask in permutation_masks(orders)[1]
    ]
    assert seen == [
        ["B", "B1", "B12", "B123"],
        ["B23", "B3", "B", "B"],
        ["B2", "B", "B12", "B123"],
    ]


def make():
    tokenizer = oracles.tokenizer()
    return permuted_batch(tokenizer.encode(["ab", "c"]), PERMS, tokenizer), tokenizer


def test_the_permutations_of_an_image_stand_side_by_side():
    batch, tokenizer = make()
    a, b, c, begin, end, pad = 11, 12, 13, tokenizer.bos_id, tokenizer.eos_id, tokenizer.pad_id
    assert batch.context.tolist() == [[begin, a, b]] * 3 + [[begin, c, end]] * 3
    # The end is learned in the first two orders alone.
    assert batch.targets.tolist() == [
        [a, b, end],
        [a, b, end],
        [a, b, pad],
        [c, end, pad],
        [c, end, pad],
        [c, pad, pad],
    ]


def test_masks_hide_what_comes_later_and_what_follows_the_text():
    batch, _ = make()
    content, query = permutation_masks(PERMS)
    assert batch.hidden.shape == batch.content_hidden.shape == (6, 1, 3, 3)
    assert batch.hidden[:3, 0].equal(query)
    assert batch.content_hidden[:3, 0].equal(content)
    assert batch.padding[:, 0, 0].tolist() == [[False] * 3] * 3 + [[False, False, True]] * 3
    assert batch.hidden[3:, 0, :, 2].all()
    assert batch.hidden[3:, 0, :, :2].equal(query[:, :, :2])


def test_the_loss_is_the_mean_over_all_counted_targets():
    batch, tokenizer = make()
    torch.manual_seed(0)
    logits = torch.randn(6, 3, tokenizer.num_classes)
    taken = [
        -logits[i, j].log_softmax(0)[target]
        for i, row in enumerate(batch.targets.tolist())
        for j, target in enumerate(row)
        if target != tokenizer.pad_id
    ]
    assert len(taken) == 13
    torch.testing.assert_close(permuted_loss(logits, batch, tokenizer), torch.stack(taken).mean())


def test_extreme_half_precision_logits_give_a_finite_loss():
    batch, tokenizer = make()
    count = 6 * 3 * tokenizer.num_classes
    logits = torch.linspace(-6e4, 6e4, count).view(6, 3, -1).half().requires_grad_()
    loss = permuted_loss(logits, batch, tokenizer)
    loss.backward()
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_the_labels_are_left_alone():
    tokenizer = oracles.tokenizer()
    ids = tokenizer.encode(["ab", "c"])
    before = ids.clone()
    permuted_batch(ids, PERMS, tokenizer)
    assert ids.equal(before)
