import pytest
import torch
import torch.nn.functional as F

from tcm.models.ctc_loss import ctc_loss

COLUMNS, CLASSES, BLANK = 8, 6, 5
# Empty, plain, repeated characters, as long as there is room, and too long with and without them.
TEXTS = [[], [1], [0, 0, 0], [1, 2, 3, 4, 0, 1, 2, 3], [4, 4, 4, 4, 4], [1] * 8]


def case(scale=1.0):
    torch.manual_seed(0)
    logits = scale * torch.randn(COLUMNS, len(TEXTS), CLASSES)
    texts = torch.full((len(TEXTS), 8), BLANK)
    for row, text in zip(texts, TEXTS, strict=True):
        row[: len(text)] = torch.tensor(text, dtype=torch.int64)
    return logits.requires_grad_(), texts, (texts != BLANK).sum(1)


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_loss_and_gradient_are_pytorchs(scale):
    logits, texts, lengths = case(scale)
    found = ctc_loss(logits.log_softmax(2), texts, lengths, BLANK)
    columns = torch.full_like(lengths, COLUMNS)
    wanted = F.ctc_loss(
        logits.log_softmax(2), texts, columns, lengths, BLANK, "none", zero_infinity=True
    )
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
    weights = torch.arange(1.0, 1.0 + len(TEXTS))
    slopes = [torch.autograd.grad(v @ weights, logits)[0] for v in (found, wanted)]
    torch.testing.assert_close(*slopes, rtol=1e-4, atol=2e-5)


def test_impossible_texts_count_nothing():
    logits, texts, lengths = case()
    loss = ctc_loss(logits.log_softmax(2), texts, lengths, BLANK)
    assert (loss > 0).tolist() == [True, True, True, True, False, False]
    (slope,) = torch.autograd.grad(loss.sum(), logits)
    assert not slope[:, 4:].any()
