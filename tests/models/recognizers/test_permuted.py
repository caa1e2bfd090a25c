import torch

from tcm.models.recognizers.masks import order_masks
from tcm.models.recognizers.permuted import permuted_batch, permuted_loss
from tests.models.recognizers import oracles

ORDERS = torch.tensor([[0, 1, 2, 3], [0, 3, 2, 1], [0, 2, 1, 3]])


def make():
    tokens = oracles.tokens()
    return permuted_batch(tokens.encode(["ab", "c"]), ORDERS, tokens), tokens


def test_the_orders_of_an_image_stand_side_by_side():
    batch, tokens = make()
    a, b, c, begin, end, pad = 11, 12, 13, tokens.bos, tokens.eos, tokens.pad
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
    content, query = order_masks(ORDERS)
    assert batch.hidden.shape == batch.content_hidden.shape == (6, 1, 3, 3)
    assert batch.hidden[:3, 0].equal(query)
    assert batch.content_hidden[:3, 0].equal(content)
    assert batch.padding[:, 0, 0].tolist() == [[False] * 3] * 3 + [[False, False, True]] * 3
    assert batch.hidden[3:, 0, :, 2].all()
    assert batch.hidden[3:, 0, :, :2].equal(query[:, :, :2])


def test_the_loss_is_the_mean_over_all_counted_targets():
    batch, tokens = make()
    torch.manual_seed(0)
    logits = torch.randn(6, 3, tokens.num_classes)
    taken = [
        -logits[i, j].log_softmax(0)[target]
        for i, row in enumerate(batch.targets.tolist())
        for j, target in enumerate(row)
        if target != tokens.pad
    ]
    assert len(taken) == 13
    torch.testing.assert_close(permuted_loss(logits, batch, tokens), torch.stack(taken).mean())


def test_extreme_half_precision_logits_give_a_finite_loss():
    batch, tokens = make()
    count = 6 * 3 * tokens.num_classes
    logits = torch.linspace(-6e4, 6e4, count).view(6, 3, -1).half().requires_grad_()
    loss = permuted_loss(logits, batch, tokens)
    loss.backward()
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_the_labels_are_left_alone():
    tokens = oracles.tokens()
    ids = tokens.encode(["ab", "c"])
    before = ids.clone()
    permuted_batch(ids, ORDERS, tokens)
    assert ids.equal(before)
