"""The semantic guidance: what it sees of a text, and what it has to tell."""

import torch
import torch.nn.functional as F

from tcm.models.recognizers.svtrv2.guidance import (
    SemanticGuidance,
    both_ways,
    contexts_of,
    followers_of,
)

NO = 9  # what stands where there is no character
ROWS = torch.tensor([[1, 2, 3, -1], [4, -1, -1, -1]])


def test_a_text_is_read_both_ways():
    wanted = [[[1, 2, 3, -1], [3, 2, 1, -1]], [[4, -1, -1, -1]] * 2]
    assert both_ways(ROWS).tolist() == wanted


def test_five_characters_before_each_place_and_the_end_are_seen():
    seen = contexts_of(ROWS, NO)
    assert seen.shape == (2, 5, 5)
    assert seen[0, :4].tolist() == [
        [NO, NO, NO, NO, NO],
        [NO, NO, NO, NO, 1],
        [NO, NO, NO, 1, 2],
        [NO, NO, 1, 2, 3],
    ]
    long = contexts_of(torch.arange(7)[None], NO)
    assert long[0, -1].tolist() == [2, 3, 4, 5, 6]


def test_the_next_character_is_told_then_the_end_then_nothing():
    assert followers_of(ROWS, 7).tolist() == [[1, 2, 3, 7, -100], [4, 7, -100, -100, -100]]
    assert followers_of(torch.tensor([[5, 6]]), 7).tolist() == [[5, 6, 7]]  # no room behind it


def test_the_loss_is_the_mean_over_places_of_both_tasks():
    torch.manual_seed(0)
    part = SemanticGuidance(32, 8).eval()
    image = torch.randn(2, 6, 32)
    texts = both_ways(ROWS)
    logits = part(image, contexts_of(texts, 8))
    assert logits.shape == (2, 2, 5, 9)
    told = [(b, t, i) for b, length in enumerate((3, 1)) for t in (0, 1) for i in range(length + 1)]
    wanted = [F.cross_entropy(logits[at], followers_of(texts, 8)[at]) for at in told]
    torch.testing.assert_close(part.loss(image, ROWS), torch.stack(wanted).mean())


def test_the_tasks_and_the_order_of_a_context_are_told_apart():
    torch.manual_seed(0)
    part = SemanticGuidance(32, 8).eval()
    contexts = torch.tensor([[[1, 2, 3, 4, 5]], [[1, 2, 3, 4, 5]]])[None]
    logits = part(torch.zeros(1, 1, 32), contexts)
    turned = part(torch.zeros(1, 1, 32), contexts.flip(-1))
    assert not torch.allclose(logits[:, 0], logits[:, 1], atol=1e-6)
    assert not torch.allclose(logits, turned, atol=1e-6)


def test_in_training_a_full_context_has_a_character_of_another():
    part = SemanticGuidance(32, 1000)
    torch.manual_seed(0)
    contexts = contexts_of(both_ways(torch.arange(7)[None]), 1000)
    noisy = part._noisy(contexts)
    changed = (noisy != contexts).sum(-1)
    assert changed[..., :5].sum() == 0 and (changed[..., 5:] == 1).all()
    assert (noisy < 1001).all()
