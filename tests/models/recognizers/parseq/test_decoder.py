"""One decoder alone: the reference's numbers."""

import pytest
import torch

from tcm.models.recognizers.parseq.decoder import PARSeqDecoder, causal_mask, empty_cache
from tcm.models.recognizers.parseq.generate import cloze_mask
from tcm.models.recognizers.parseq.permutation import permutation_masks
from tests.models.recognizers import oracles


def load(depth):
    archive = oracles.arrays(f"decoder_depth{depth}")
    state = {
        name.replace("text_embed.embedding.", "text_embed."): value
        for name, value in oracles.weights(archive).items()
    }
    positions, width = state["pos_queries"].shape[1:]
    ratio = len(state["layers.0.linear1.weight"]) / width
    heads = oracles.facts("clip4str")["config"]["heads"]
    decoder = PARSeqDecoder(oracles.tokenizer(positions - 1), width, heads, depth, ratio)
    decoder.load_state_dict(state)
    return decoder.eval(), archive


def compare(decoder, archive, name, *arguments):
    features = []
    hook = decoder.norm.register_forward_hook(lambda *a: features.append(a[-1]))
    with torch.no_grad():
        logits = decoder(arguments[0], decoder.project(archive["memory"]), *arguments[1:])
    hook.remove()
    torch.testing.assert_close(logits, archive[f"{name}_logits"], atol=1e-4, rtol=0)
    torch.testing.assert_close(features[0], archive[f"{name}_feat"], atol=1e-4, rtol=0)


@pytest.fixture(params=[1, 2])
def loaded(request):
    return load(request.param)


def test_every_permutation(loaded):
    decoder, archive = loaded
    padding = archive["key_padding"][:, None, None]
    content, query = permutation_masks(archive["orders"])
    length = archive["tgt_in"].shape[1]
    for i in range(len(content)):
        masks = (query[i] | padding, content[i] | padding)
        compare(decoder, archive, f"order{i}", archive["tgt_in"], slice(0, length), *masks)


def test_all_permutations_in_one_pass_are_equal_to_one_by_one(loaded):
    decoder, archive = loaded
    padding = archive["key_padding"][:, None, None, None]
    content, query = permutation_masks(archive["orders"])
    count, length = len(content), archive["tgt_in"].shape[1]
    with torch.no_grad():
        logits = decoder(
            archive["tgt_in"].repeat_interleave(count, 0),
            decoder.project(archive["memory"]),
            slice(0, length),
            (query[None, :, None] | padding).flatten(0, 1),
            (content[None, :, None] | padding).flatten(0, 1),
        )
    expected = torch.stack([archive[f"order{i}_logits"] for i in range(count)], 1)
    torch.testing.assert_close(logits, expected.flatten(0, 1), atol=1e-4, rtol=0)


def test_without_masks_in_one_pass_and_with_the_cloze_mask(loaded):
    decoder, archive = loaded
    context, length = archive["tgt_in"], archive["tgt_in"].shape[1]
    nothing = torch.zeros(length, length, dtype=torch.bool)
    compare(decoder, archive, "plain", context, slice(0, length), None, nothing)
    steps = archive["nar_logits"].shape[1]
    compare(decoder, archive, "nar", context[:, :1], slice(0, steps))
    context = archive["cloze_ctx"]
    padding = archive["cloze_padding"][:, None, None]
    hidden = cloze_mask(steps)[:, : context.shape[1]] | padding
    content_hidden = causal_mask(context.shape[1]) | padding
    compare(decoder, archive, "cloze", context, slice(0, steps), hidden, content_hidden)


def test_a_single_step_with_and_without_a_cache(loaded):
    decoder, archive = loaded
    context = archive["cloze_ctx"][:, :5]
    compare(decoder, archive, "step4", context, slice(4, 5))
    with torch.no_grad():
        memory = decoder.project(archive["memory"])
        cache = empty_cache(memory)
        for i in range(5):
            logits = decoder.step(context[:, i : i + 1], memory, cache)
    torch.testing.assert_close(logits, archive["step4_logits"], atol=1e-4, rtol=0)


def test_the_streams_between_two_layers():
    decoder, archive = load(2)
    content, query = permutation_masks(archive["orders"][2:3])
    padding = archive["key_padding"][:, None, None]
    with torch.no_grad():
        embedded = decoder.embed(archive["tgt_in"])
        memory = decoder.project(archive["memory"])[0]
        layer, length = decoder.layers[0], embedded.shape[1]
        context = layer.project(embedded)
        queries = decoder.pos_queries[:, :length].expand(len(embedded), -1, -1)
        read = layer.read(queries, context, memory, query | padding)
        written = layer.write(embedded, context, memory, content | padding)
    for found, name in ((embedded, "embedded_content"), (read, "layer0_query"),
                        (written, "layer0_content")):  # fmt: skip
        torch.testing.assert_close(found, archive[name], atol=1e-4, rtol=0)


def test_the_causal_mask_is_the_reference_s():
    expected = oracles.arrays("masks")
    for steps in oracles.facts("masks")["steps"]:
        assert causal_mask(steps).equal(expected[f"ar_{steps}"].bool())
