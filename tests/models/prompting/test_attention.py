"""The shortcut for a single memory token equals general attention."""

import torch
from torch.nn import functional as F

from tcm.models.prompting.attention import Attention
from tcm.models.prompting.decoder import CrossAttentionDecoder


def _general(attention, query, memory):
    """Return the attention by its definition, softmax and all."""
    shape = (attention.heads, -1)
    q, k, v = (
        projection(x).unflatten(2, shape).transpose(1, 2)
        for projection, x in (
            (attention.q_proj, query),
            (attention.k_proj, memory),
            (attention.v_proj, memory),
        )
    )
    weights = F.softmax(q @ k.transpose(2, 3) / q.shape[-1] ** 0.5, dim=-1)
    return attention.proj((weights @ v).transpose(1, 2).flatten(2))


def test_single_key_shortcut_and_general_path_equal_the_definition():
    torch.manual_seed(0)
    attention = Attention(16, 4, dropout=0.1).eval()
    query = torch.randn(2, 7, 16)
    for tokens in (1, 5):
        memory = torch.randn(2, tokens, 16)
        got, expected = attention(query, memory), _general(attention, query, memory)
        assert torch.allclose(got, expected, atol=1e-6)


def test_shortcut_has_the_gradients_of_the_definition():
    torch.manual_seed(0)
    attention = Attention(16, 4, dropout=0.0)
    query, memory = torch.randn(2, 7, 16), torch.randn(2, 1, 16, requires_grad=True)
    direction = torch.randn(2, 7, 16)
    gradients = []
    for function in (attention, lambda q, m: _general(attention, q, m)):
        loss = (function(query, memory) * direction).sum()
        wanted = [memory, attention.v_proj.weight, attention.proj.weight]
        gradients.append(torch.autograd.grad(loss, wanted))
    for short, long in zip(*gradients, strict=True):
        assert torch.allclose(short, long, atol=1e-5)


def test_shortcut_draws_a_dropout_mask_for_each_query():
    torch.manual_seed(0)
    attention = Attention(16, 4, dropout=0.5).train()
    out = attention(torch.randn(1, 4, 16), torch.randn(1, 1, 16))
    zeros = out == 0
    assert zeros.any() and not torch.equal(zeros[:, 0], zeros[:, 1])


def test_expecting_a_single_token_freezes_just_the_weights_without_effect():
    torch.manual_seed(0)
    decoder = CrossAttentionDecoder(8, 8, 2, 1)
    decoder.expect_single(memory=True)
    frozen = {name for name, p in decoder.named_parameters() if not p.requires_grad}
    decoder(torch.randn(1, 5, 8), torch.randn(1, 1, 8)).sum().backward()
    without = {name for name, p in decoder.named_parameters() if p.grad is None}
    assert frozen == without
    assert frozen == {
        f"layers.0.{n}"
        for n in (
            "cross_attn.q_proj.weight",
            "cross_attn.k_proj.weight",
            "norm2.weight",
            "norm2.bias",
        )
    }
