"""Reading with one decoder: the cache, the end, the batch."""

import pytest
import torch

from tcm.models.recognizers.parseq.decoder import PARSeqDecoder, causal_mask
from tcm.models.recognizers.parseq.generate import (
    cloze_mask,
    generate,
    predicted_context,
    refine,
)
from tests.models.recognizers import oracles
from tests.models.recognizers.parseq import naive


@pytest.mark.parametrize("depth", [1, 2])
def test_cached_steps_naive_steps_and_one_masked_pass_agree(depth):
    torch.manual_seed(0)
    decoder = PARSeqDecoder(oracles.tokenizer(), 32, 4, depth).eval()
    for parameter in decoder.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    with torch.no_grad():
        memory_BMD = torch.randn(3, 7, 32)
        memory = decoder.project(memory_BMD)
        cached = generate(decoder, memory, 26)
        expected = naive.read(decoder, memory_BMD, 26)
        torch.testing.assert_close(cached, expected, atol=1e-5, rtol=1e-5)
        context = predicted_context(cached, decoder.tokenizer)
        together = decoder(context, memory, slice(0, 26), causal_mask(26))
    torch.testing.assert_close(cached, together, atol=1e-5, rtol=1e-5)


def test_reading_ends_with_the_last_text_and_does_not_depend_on_the_batch():
    torch.manual_seed(1)
    decoder = PARSeqDecoder(oracles.tokenizer(), 32, 4).eval()
    for parameter in decoder.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    decoder.head.bias.data[0] += 4.0  # ends come early
    memories = torch.randn(6, 7, 32)
    with torch.no_grad():
        memory = decoder.project(memories)
        logits = generate(decoder, memory, 26, early_stop=True)
        refined = refine(decoder, memory, logits, 26)
        texts = decoder.tokenizer.texts(logits)
        assert len({len(text) for text in texts}) > 1
        assert min(map(len, texts)) < 10
        for i in range(len(memories)):
            memory = decoder.project(memories[i : i + 1])
            alone = generate(decoder, memory, 26, early_stop=True)
            assert alone.shape[1] == min(len(texts[i]) + 1, 26)
            torch.testing.assert_close(alone[0], logits[i, : alone.shape[1]], atol=1e-4, rtol=1e-4)
            again = refine(decoder, memory, alone, 26)
            torch.testing.assert_close(again[0], refined[i], atol=1e-4, rtol=1e-4)


def test_texts_that_have_ended_are_not_read_on(monkeypatch):
    torch.manual_seed(1)
    decoder = PARSeqDecoder(oracles.tokenizer(), 32, 4, depth=2).eval()
    for parameter in decoder.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    decoder.head.bias.data[0] += 4.0  # ends come early
    step, read = decoder.step, []
    monkeypatch.setattr(decoder, "step", lambda *args: read.append(len(args[0])) or step(*args))
    with torch.no_grad():
        memory = decoder.project(torch.randn(16, 7, 32))
        whole = generate(decoder, memory, 26)
        assert read == [16] * 26
        read.clear()
        short = generate(decoder, memory, 26, early_stop=True)
    ends = [len(text) + 1 for text in decoder.tokenizer.texts(whole)]
    assert short.shape[1] == min(max(ends), 26)
    for end, a, b in zip(ends, short, whole, strict=True):
        torch.testing.assert_close(a[:end], b[:end], atol=1e-4, rtol=1e-4)
        assert (a[end:].argmax(-1) == decoder.tokenizer.eos_id).all()
    # Asked every 4 steps; each text is read up to the next question behind its end.
    assert read == [sum(end > 4 * (i // 4) for end in ends) for i in range(len(read))]
    assert read[-1] < 16


def test_the_steps_bound_reading():
    decoder = PARSeqDecoder(oracles.tokenizer(), 32, 4).eval()
    memory = decoder.project(torch.randn(2, 7, 32))
    for decode_ar in (True, False):
        assert generate(decoder, memory, 3, decode_ar).shape == (2, 3, 95)


def test_the_context_is_the_answer_behind_the_begin():
    tokenizer = oracles.tokenizer()
    logits = torch.nn.functional.one_hot(tokenizer.encode(["ab3"])[:, 1:], tokenizer.num_classes)
    assert predicted_context(logits, tokenizer).equal(tokenizer.encode(["ab3"])[:, :-1])


def test_the_cloze_mask_is_the_reference_s():
    expected = oracles.arrays("masks")
    for steps in oracles.facts("masks")["steps"]:
        assert cloze_mask(steps).equal(expected[f"cloze_{steps}"].bool())
