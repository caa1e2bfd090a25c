"""Reading with one decoder: the cache, the end, the batch."""

import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.recognizers.decoder import PermutedDecoder
from tcm.models.recognizers.decoding import Decoding, Reader, predicted_context
from tcm.models.recognizers.masks import causal_mask
from tests.models.recognizers import naive, oracles


@pytest.mark.parametrize("depth", [1, 2])
def test_cached_steps_naive_steps_and_one_masked_pass_agree(depth):
    torch.manual_seed(0)
    decoder = PermutedDecoder(oracles.tokens(), 32, 4, depth).eval()
    for parameter in decoder.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    with torch.no_grad():
        memory_BMD = torch.randn(3, 7, 32)
        memory = decoder.project(memory_BMD)
        cached = Reader(decoder, oracles.tokens(), Decoding(), 26).read(memory, False)
        expected = naive.read(decoder, oracles.tokens(), memory_BMD, 26)
        torch.testing.assert_close(cached, expected, atol=1e-5, rtol=1e-5)
        context = predicted_context(cached, oracles.tokens())
        together = decoder(context, memory, slice(0, 26), causal_mask(26))
    torch.testing.assert_close(cached, together, atol=1e-5, rtol=1e-5)


def test_reading_ends_with_the_last_text_and_does_not_depend_on_the_batch():
    torch.manual_seed(1)
    decoder = PermutedDecoder(oracles.tokens(), 32, 4).eval()
    for parameter in decoder.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    decoder.head.bias.data[0] += 4.0  # ends come early
    memories = torch.randn(6, 7, 32)
    reader = Reader(decoder, oracles.tokens(), Decoding(), 26)
    with torch.no_grad():
        memory = decoder.project(memories)
        logits = reader.read(memory, early_stop=True)
        refined = reader.refine(memory, logits)
        texts = oracles.tokens().texts(logits)
        assert len({len(text) for text in texts}) > 1
        assert min(map(len, texts)) < 10
        for i in range(len(memories)):
            memory = decoder.project(memories[i : i + 1])
            alone = reader.read(memory, early_stop=True)
            assert alone.shape[1] == min(len(texts[i]) + 1, 26)
            torch.testing.assert_close(alone[0], logits[i, : alone.shape[1]], atol=1e-4, rtol=1e-4)
            again = reader.refine(memory, alone)
            torch.testing.assert_close(again[0], refined[i], atol=1e-4, rtol=1e-4)


def test_the_budget_bounds_reading_character_by_character():
    decoder = PermutedDecoder(oracles.tokens(), 32, 4).eval()
    reader = Reader(decoder, oracles.tokens(), Decoding(), 26)
    memory = decoder.project(torch.randn(2, 7, 32))
    assert reader.read(memory, early_stop=False, budget=3).shape == (2, 3, 95)


def test_the_context_is_the_answer_behind_the_begin():
    tokens = oracles.tokens()
    logits = torch.nn.functional.one_hot(tokens.encode(["ab3"])[:, 1:], tokens.num_classes).float()
    assert predicted_context(logits, tokens).equal(tokens.encode(["ab3"])[:, :-1])


def test_a_number_of_refinements_is_not_negative():
    with pytest.raises(ConfigError, match="0 or more is wanted, got -1"):
        Decoding(refine_iters=-1)
