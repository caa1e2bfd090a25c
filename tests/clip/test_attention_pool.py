"""The dense attention pool against torch's own multi-head attention, at any size."""

import pytest
import torch
from torch.nn import functional as F

from tcm.clip.attention_pool import DenseAttentionPool

GRID, DIM, HEADS, OUT = 3, 8, 2, 6


@pytest.fixture
def pool():
    torch.manual_seed(0)
    pool = DenseAttentionPool(GRID, DIM, HEADS, OUT)
    with torch.no_grad():  # biases start small; they shall matter
        for linear in (pool.q_proj, pool.k_proj, pool.v_proj, pool.c_proj):
            linear.bias.normal_()
    return pool.eval()


def _reference(pool, feature):
    """Return what torch's attention gives with all tokens as queries, (1 + h*w, B, D)."""
    height, width = feature.shape[2:]
    tokens = feature.flatten(2).permute(2, 0, 1)
    tokens = torch.cat([tokens.mean(dim=0, keepdim=True), tokens])
    tokens = tokens + pool.positions(height, width)[:, None]
    return F.multi_head_attention_forward(
        query=tokens,
        key=tokens,
        value=tokens,
        embed_dim_to_check=DIM,
        num_heads=HEADS,
        in_proj_weight=None,
        in_proj_bias=torch.cat([pool.q_proj.bias, pool.k_proj.bias, pool.v_proj.bias]),
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=pool.c_proj.weight,
        out_proj_bias=pool.c_proj.bias,
        training=False,
        need_weights=False,
        use_separate_proj_weight=True,
        q_proj_weight=pool.q_proj.weight,
        k_proj_weight=pool.k_proj.weight,
        v_proj_weight=pool.v_proj.weight,
    )[0]


@pytest.mark.parametrize("size", [(3, 3), (1, 1), (2, 5), (7, 4)])
def test_equals_multi_head_attention_over_all_tokens(pool, size):
    feature = torch.randn(2, DIM, *size)
    with torch.no_grad():
        global_, dense = pool(feature)
        expected = _reference(pool, feature)
    assert global_.shape == (2, OUT) and dense.shape == (2, OUT, *size)
    torch.testing.assert_close(global_, expected[0])
    torch.testing.assert_close(dense.flatten(2).permute(2, 0, 1), expected[1:])


def test_positions_at_the_native_size_are_the_table(pool):
    assert torch.equal(pool.positions(GRID, GRID), pool.positional_embedding)


def test_another_shape_of_as_many_positions_is_another_size(pool):
    """Nine positions in one row see the middle row of the grid, not the whole table."""
    positions = pool.positions(1, GRID * GRID)
    torch.testing.assert_close(positions[5], pool.positional_embedding[5])  # the centre of both
    assert not torch.allclose(positions[1], pool.positional_embedding[1])


@pytest.mark.parametrize("size", [(1, 1), (6, 6), (2, 9), (9, 2)])
def test_the_mean_token_keeps_its_position_at_any_size(pool, size):
    positions = pool.positions(*size)
    assert positions.shape == (1 + size[0] * size[1], DIM)
    assert torch.equal(positions[0], pool.positional_embedding[0])


def test_positions_are_resized_with_half_pixels_and_rows_stay_rows(pool):
    """A table that holds its own coordinates: at twice the size it is sampled at quarters."""
    rows, columns = torch.meshgrid(torch.arange(3.0), torch.arange(3.0), indexing="ij")
    with torch.no_grad():
        pool.positional_embedding[1:, 0] = rows.flatten()
        pool.positional_embedding[1:, 1] = columns.flatten()
        grid = pool.positions(6, 3)[1:].reshape(6, 3, DIM)
    torch.testing.assert_close(grid[:, 1, 0], torch.tensor([0, 0.25, 0.75, 1.25, 1.75, 2]))
    torch.testing.assert_close(grid[2, :, 1], torch.tensor([0.0, 1, 2]))


def test_the_order_of_rows_and_columns_reaches_the_output(pool):
    feature = torch.randn(1, DIM, 2, 5)
    with torch.no_grad():
        _, dense = pool(feature)
        _, swapped = pool(feature.transpose(2, 3))
    assert not torch.allclose(dense, swapped.transpose(2, 3), atol=1e-3)
