import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.recognizers.parseq.attention import Attention, join


def test_it_is_torch_s():
    torch.manual_seed(0)
    attention, expected = Attention(16, 4), torch.nn.MultiheadAttention(16, 4, batch_first=True)
    expected.load_state_dict(attention.state_dict())
    source, memory = torch.randn(2, 5, 16), torch.randn(2, 9, 16)
    hidden = torch.rand(5, 9) > 0.5
    hidden[:, 0] = False
    found = attention(source, attention.project(memory), hidden)
    torch.testing.assert_close(found, expected(source, memory, memory, attn_mask=hidden)[0])


def test_keys_shared_by_several_queries_are_those_of_copies():
    torch.manual_seed(0)
    attention = Attention(16, 4)
    source, memory = torch.randn(6, 5, 16), torch.randn(2, 9, 16)
    shared = attention(source, attention.project(memory))
    copied = attention(source, attention.project(memory.repeat_interleave(3, 0)))
    torch.testing.assert_close(shared, copied, atol=1e-6, rtol=0)
    own = torch.randn(6, 4, 16)
    joined = attention(source, join(attention.project(memory), attention.project(own)))
    both = torch.cat([memory.repeat_interleave(3, 0), own], 1)
    torch.testing.assert_close(joined, attention(source, attention.project(both)))


def test_heads_divide_the_width():
    with pytest.raises(ConfigError, match="dec_num_heads: a divisor of the width 30 .* got 4"):
        Attention(30, 4)
