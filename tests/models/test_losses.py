import pytest
import torch

from tcm.models.losses import (
    balanced_bce_with_logits,
    dice_loss,
    full_precision,
    hard_negative_mask,
    kth_largest,
    masked_l1_loss,
    squared_dice_loss,
)

LOSSES = [balanced_bce_with_logits, dice_loss, masked_l1_loss]


def test_balanced_bce_keeps_the_hardest_negatives_of_the_whole_batch():
    logits = torch.tensor([[2.0, -1.0, 3.0, 0.5], [-2.0, 4.0, -3.0, 9.0]])
    target = torch.tensor([[1, 0, 0, 0], [0, 0, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    # One positive (2), and of the negatives 4, 3, 0.5, -1, -2, -3 the first two.
    pixels = [torch.tensor(v).exp().log1p() for v in (-2.0, 4.0, 3.0)]
    found = balanced_bce_with_logits(logits, target, mask, negative_ratio=2)
    assert found.item() == pytest.approx(sum(pixels).item() / 3, rel=1e-5)


def test_balanced_bce_uses_all_negatives_when_there_are_few():
    logits, target = torch.zeros(1, 4), torch.tensor([[1, 1, 1, 0]])
    found = balanced_bce_with_logits(logits, target, torch.ones(1, 4))
    assert found.item() == pytest.approx(0.693147, rel=1e-5)


def test_dice_by_hand():
    probability = torch.tensor([0.5, 1.0, 0.25, 1.0])
    target, mask = torch.tensor([1, 1, 0, 1]), torch.tensor([1, 1, 1, 0])
    assert dice_loss(probability, target, mask).item() == pytest.approx(1 - 3 / 3.75, abs=1e-6)


@pytest.mark.parametrize("loss", [balanced_bce_with_logits, dice_loss])
def test_targets_may_hold_instance_numbers(loss):
    prediction, mask = torch.rand(2, 8, 8), torch.ones(2, 8, 8)
    text = torch.rand(2, 8, 8) > 0.5
    assert loss(prediction, text * 7, mask) == loss(prediction, text, mask)


def test_full_precision_switches_autocast_off():
    x = torch.rand(4, 4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (x @ x).dtype == torch.bfloat16
        with full_precision(x):
            assert (x @ x).dtype == torch.float32


def test_masked_l1_by_hand():
    prediction, target = torch.tensor([0.5, 1.0, 9.0]), torch.tensor([0.25, 0.5, 0.0])
    found = masked_l1_loss(prediction, target, torch.tensor([1, 1, 0]))
    assert found.item() == pytest.approx(0.375, rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_maps_of_two_shapes_are_refused(loss):
    with pytest.raises(ValueError, match="differ in shape"):
        loss(torch.rand(2, 1, 4, 4), torch.ones(2, 4, 4), torch.ones(2, 4, 4))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("text", "valid"), [(0, 1), (1, 0), (0, 0)])
def test_without_text_or_mask_losses_and_gradients_are_finite(loss, text, valid):
    prediction = torch.rand(2, 8, 8, requires_grad=True)
    value = loss(prediction, torch.full((2, 8, 8), text), torch.full((2, 8, 8), valid))
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(prediction.grad).all()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_autocast_does_not_reach_the_losses(loss, dtype):
    prediction = torch.rand(2, 8, 8)
    target, mask = torch.rand(2, 8, 8) > 0.5, torch.ones(2, 8, 8)
    with torch.autocast("cpu", dtype=dtype):
        found = loss(prediction, target, mask)
    assert found.dtype == torch.float32
    assert found == loss(prediction, target, mask)


def test_hard_negatives_by_hand():
    logits = torch.tensor([[2.0, -1.0, 3.0, 0.5, 7.0], [-2.0, 4.0, -3.0, 9.0, 0.0]])
    target = torch.tensor([[1, 0, 0, 0, 0], [1, 0, 0, 1, 1]])
    mask = torch.tensor([[1, 1, 1, 1, 0], [1, 1, 1, 1, 0]])
    # Of the first image's negatives 7, 3, 0.5, -1 the first two, of which one does not count;
    # the second image has too few negatives to leave any out.
    found = hard_negative_mask(logits, target, mask, negative_ratio=2)
    assert found.tolist() == [[True, False, True, False, False], [True] * 4 + [False]]


def test_images_without_positives_or_negatives_keep_all_that_counts():
    logits, mask = torch.rand(3, 4, 4), torch.rand(3, 4, 4) > 0.3
    target = torch.stack([torch.zeros(4, 4), torch.ones(4, 4), (~mask[2]).float()])
    assert torch.equal(hard_negative_mask(logits, target, mask)[:2], mask[:2])
    # Only ignored text is no text either.
    assert torch.equal(hard_negative_mask(logits, target, mask)[2], mask[2])


def test_squared_dice_by_hand():
    probability = torch.tensor([[0.5, 1.0, 0.25, 1.0], [0.5, 0.5, 0.5, 0.5]])
    target = torch.tensor([[3, 1, 0, 1], [0, 0, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]])
    found = squared_dice_loss(probability, target, mask, eps=0.1)
    wanted = [1 - 2 * 1.5 / (0.25 + 1 + 0.0625 + 2 + 0.2), 1.0]
    torch.testing.assert_close(found, torch.tensor(wanted))


@pytest.mark.parametrize("function", [hard_negative_mask, squared_dice_loss])
def test_mining_and_squared_dice_want_one_shape(function):
    with pytest.raises(ValueError, match="differ in shape"):
        function(torch.rand(2, 1, 4, 4), torch.ones(2, 4, 4), torch.ones(2, 4, 4))


@pytest.mark.parametrize(("text", "valid"), [(0, 1), (1, 0), (0, 0), (1, 1)])
def test_squared_dice_is_finite_and_differentiable_everywhere(text, valid):
    for level in (0.0, 0.5, 1.0):
        probability = torch.full((2, 8, 8), level, requires_grad=True)
        target, mask = torch.full((2, 8, 8), text), torch.full((2, 8, 8), valid)
        squared_dice_loss(probability, target, mask).sum().backward()
        assert torch.isfinite(probability.grad).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_squared_dice_sums_in_float32(dtype):
    probability = torch.rand(2, 300, 300).to(dtype)  # float16 would overflow
    target, mask = torch.rand(2, 300, 300) > 0.5, torch.ones(2, 300, 300)
    with torch.autocast("cpu", dtype=dtype):
        found = squared_dice_loss(probability, target, mask)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, squared_dice_loss(probability.float(), target, mask))


def mined_by_topk(logits, target, mask, ratio, fallback):
    """Follow the definition: the host counts, and topk takes the hardest."""
    valid, text = mask > 0, target > 0
    pixels = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, text.float(), reduction="none"
    )
    positives, negatives = (valid & text).sum().item(), (valid & ~text).sum().item()
    kept = min(negatives, int(ratio * positives) if positives else fallback)
    hardest = pixels[valid & ~text].topk(kept).values
    return (pixels[valid & text].sum() + hardest.sum()) / (positives + kept + 1e-6)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, 0.9])
@pytest.mark.parametrize("rounded", [False, True])
def test_balanced_bce_and_its_gradient_are_those_of_topk(share, rounded):
    torch.manual_seed(0)
    logits = 4 * torch.randn(3, 20, 30)
    logits = (logits.round() if rounded else logits).requires_grad_()  # with many equal ones
    target, mask = torch.rand(3, 20, 30) < share, torch.rand(3, 20, 30) > 0.2
    found = balanced_bce_with_logits(logits, target, mask, 2.5, fallback_negatives=17)
    wanted = mined_by_topk(logits, target, mask, 2.5, 17)
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=0)
    found, wanted = (torch.autograd.grad(v, logits)[0] for v in (found, wanted))
    torch.testing.assert_close(found.sum(), wanted.sum(), rtol=1e-5, atol=1e-7)
    if not rounded:  # of equal ones each has a share, and topk takes some
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-9)


def test_the_kth_largest():
    torch.manual_seed(0)
    values = torch.randn(60).abs().round(decimals=1)
    values[:6] = torch.tensor([torch.inf, 0.0, 1e-42, 1e-42, 3e38, 0.0])
    ranked = values.sort(descending=True).values
    for k in range(1, 61):
        assert kth_largest(values, torch.tensor(k)) == ranked[k - 1]
    assert kth_largest(values, torch.tensor(0)).isnan()
