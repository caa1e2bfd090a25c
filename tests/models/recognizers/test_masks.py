import torch

from tcm.models.recognizers.masks import causal_mask, cloze_mask, order_masks
from tests.models.recognizers import oracles


def assert_equal(mask, expected):
    assert torch.equal(mask, expected.bool())


def test_masks_of_orders_are_the_reference_s():
    facts, expected = oracles.facts("masks"), oracles.arrays("masks")
    for length, orders in facts["orders"].items():
        content, query = order_masks(torch.tensor(orders))
        for i in range(len(orders)):
            assert_equal(content[i], expected[f"T{length}_o{i}_content"])
            assert_equal(query[i], expected[f"T{length}_o{i}_query"])
    for i, order in enumerate(facts["extra_orders"]):
        content, query = order_masks(torch.tensor([order]))
        assert_equal(content[0], expected[f"extra_o{i}_content"])
        assert_equal(query[0], expected[f"extra_o{i}_query"])


def test_masks_of_steps_are_the_reference_s():
    expected = oracles.arrays("masks")
    for steps in oracles.facts("masks")["steps"]:
        assert_equal(causal_mask(steps), expected[f"ar_{steps}"])
        assert_equal(cloze_mask(steps), expected[f"cloze_{steps}"])


def test_what_three_characters_see():
    orders = torch.tensor([[0, 1, 2, 3, 4], [0, 4, 3, 2, 1], [0, 2, 1, 3, 4]])
    seen = [
        ["".join("B123"[j] for j in range(4) if not row[j]) for row in mask.tolist()]
        for mask in order_masks(orders)[1]
    ]
    assert seen == [
        ["B", "B1", "B12", "B123"],
        ["B23", "B3", "B", "B"],
        ["B2", "B", "B12", "B123"],
    ]
