"""Numeric parity with the released TCM, through the mapping of its parameter names.

``TCM_ORACLES`` names another folder of oracles, of other sizes, to be run through the same tests.
"""

import json

import numpy as np
import pytest
import torch

from tcm.clip.text import PromptedTextEncoder
from tcm.clip.visual import CLIPVisualTrunk
from tcm.models.backbones.tcm import TCM
from tcm.models.converters import rename
from tcm.models.prompting.decoder import CrossAttentionDecoder
from tcm.models.prompting.matching_loss import MatchingLoss
from tcm.models.prompting.text_side import LanguagePromptGenerator
from tests.conftest import oracle_file


class _Oracle:
    """An archive of weights, inputs and outputs."""

    def __init__(self, name):
        self.arrays = dict(np.load(oracle_file(f"tcm/{name}.npz")))
        self.config = json.loads(str(self.arrays["config"]))

    def __getitem__(self, key):
        return torch.from_numpy(self.arrays[key])

    def weights(self, released_prefix, our_prefix):
        """Return the weights of one released module under the names that its counterpart has."""
        names = [k.removeprefix("weight.") for k in self.arrays if k.startswith("weight.")]
        renamed = {rename(released_prefix + n): self[f"weight.{n}"] for n in names}
        assert all(n.startswith(our_prefix) for n in renamed)
        return {n.removeprefix(our_prefix): t for n, t in renamed.items()}


def _close(got, expected, atol=1e-4, rtol=1e-4):
    assert got.shape == expected.shape
    assert torch.allclose(got, expected, atol=atol, rtol=rtol), (got - expected).abs().max()


def _trunk_arguments(config):
    return {
        "layers": config["layers"],
        "width": config["width"],
        "heads": config["attention_heads"],
        "output_dim": config["output_dim"],
        "input_resolution": config["input_resolution"],
    }


def _encoder_arguments(config):
    return {
        "context_length": config["context_length"],
        "vocab_size": config["vocab_size"],
        "width": config["transformer_width"],
        "heads": config["transformer_heads"],
        "layers": config["transformer_layers"],
    }


@pytest.fixture(autouse=True)
def _no_grad():
    with torch.no_grad():
        yield


@pytest.mark.parametrize("shape", ["square", "wide"])
def test_visual_trunk(shape):
    oracle = _Oracle("1_visual_trunk")
    trunk = CLIPVisualTrunk(**_trunk_arguments(oracle.config)).eval()
    trunk.load_state_dict(oracle.weights("backbone.", "backbone.trunk."))
    levels = trunk(oracle[f"in.image_{shape}"])
    global_, dense = trunk.embed(levels[3])
    for name, level in zip(("c2", "c3", "c4", "c5"), levels, strict=True):
        _close(level, oracle[f"out.{shape}.{name}"])
    _close(global_, oracle[f"out.{shape}.global"])
    _close(dense, oracle[f"out.{shape}.dense"])


def test_text_encoder():
    oracle = _Oracle("2_text_encoder")
    encoder = PromptedTextEncoder(
        **_encoder_arguments(oracle.config), embed_dim=oracle.config["embed_dim"]
    ).eval()
    encoder.load_state_dict(oracle.weights("text_encoder.", "backbone.text_side.text_encoder."))
    ids, plain = oracle["in.token_ids"], oracle["in.token_ids_plain"]
    contexts, only, prompt = (oracle[f"in.{n}"] for n in ("contexts", "contexts_only", "prompt"))
    _close(encoder(ids, contexts), oracle["out.contexts"])
    _close(encoder(ids, contexts, prompt), oracle["out.contexts_prompt"])
    _close(encoder(None, only), oracle["out.learnable_only"])
    _close(encoder(None, only, prompt), oracle["out.learnable_only_prompt"])
    _close(encoder(plain), oracle["out.plain"])
    _close(encoder(plain, None, prompt), oracle["out.plain_prompt"])


def test_prompt_generator():
    oracle = _Oracle("3_prompt_generator")
    config = oracle.config
    generator = LanguagePromptGenerator(config["visual_dim"], config["token_embed_dim"]).eval()
    generator.load_state_dict(
        oracle.weights("prompt_generator.", "backbone.text_side.prompt_generator.")
    )
    _close(generator(oracle["in.x"]), oracle["out.prompt"])


def _decoder(config):
    return {
        "width": config["transformer_width"],
        "heads": config["transformer_heads"],
        "layers": config["transformer_layers"],
        "dropout": config["dropout"],
    }


@pytest.mark.parametrize("released", ["visual_prompt_generator.", "context_decoder."])
def test_cross_attention_decoder(released):
    oracle = _Oracle("4_context_decoder")
    decoder = CrossAttentionDecoder(oracle.config["visual_dim"], **_decoder(oracle.config)).eval()
    prefix = rename(released)
    decoder.load_state_dict(oracle.weights(released, prefix))
    for case in ("many_queries", "one_query", "general"):
        got = decoder(oracle[f"in.{case}.query"], oracle[f"in.{case}.memory"])
        _close(got, oracle[f"out.{case}"])


def test_cross_attention_of_a_single_memory_token():
    oracle = _Oracle("4_context_decoder")
    decoder = CrossAttentionDecoder(oracle.config["visual_dim"], **_decoder(oracle.config)).eval()
    decoder.load_state_dict(oracle.weights("context_decoder.", rename("context_decoder.")))
    seen = []
    for layer in decoder.layers:
        layer.cross_attn.register_forward_hook(lambda module, inputs, output: seen.append(output))
    decoder(oracle["in.many_queries.query"], oracle["in.many_queries.memory"])
    assert len(seen) == oracle.config["transformer_layers"]
    for i, output in enumerate(seen):
        _close(output, oracle[f"out.many_queries.cross_attention_{i}"])


def _tcm(oracle, **matching):
    """Build the released chain of item 5; `matching` or `generate_prompt` may leave parts out."""
    config = oracle.config
    generate = matching.pop("generate_prompt", True)
    model = TCM(
        pretrained=None,
        prompts=["Text"],
        prompt_length=config["class_text_length"],
        num_contexts=config["learnable_contexts"],
        generate_prompt=generate,
        trunk=_trunk_arguments(config["backbone"]),
        text_encoder={**_encoder_arguments(config["text_encoder"]), "vocab_size": 49408},
        matching={
            "decoder": _decoder(config["decoders"]),
            "temperature": config["tau"],
            **matching,
        },
    )
    encoder = model.text_side.text_encoder
    encoder.token_embedding = torch.nn.Embedding(
        config["text_encoder"]["vocab_size"], encoder.width
    )
    model.text_side.token_ids = oracle["in.token_ids"]
    state = oracle.weights("", "backbone.")
    wanted = model.state_dict()
    assert set(wanted) <= set(state), sorted(set(wanted) - set(state))
    model.load_state_dict({k: v for k, v in state.items() if k in wanted})
    return model.eval()


def test_whole_matching():
    oracle = _Oracle("5_matching")
    model = _tcm(oracle)
    assert set(model.state_dict()) == set(oracle.weights("", "backbone."))
    seen = {}

    def keep(name):
        return lambda module, inputs, output: seen.__setitem__(name, output)

    model.text_side.prompt_generator.register_forward_hook(keep("prompt"))
    model.text_side.register_forward_hook(keep("text_embedding"))
    model.matching.visual_prompt_generator.register_forward_hook(keep("visual"))
    model.matching.text_refinement.register_forward_hook(keep("text_refinement_residual"))
    levels = model.trunk(oracle["in.image"])
    global_, dense = model.trunk.embed(levels[3])
    features = model(oracle["in.image"])
    for name, level in zip(("c2", "c3", "c4", "c5"), levels, strict=True):
        _close(level, oracle[f"out.{name}"])
    _close(global_, oracle["out.global"])
    _close(dense, oracle["out.dense"])
    visual = seen.pop("visual").transpose(1, 2).unflatten(2, dense.shape[2:])
    _close(visual, oracle["out.visual_prompt_residual"])
    for name, value in seen.items():
        _close(value, oracle[f"out.{name}"])
    refined = seen["text_embedding"] + model.matching.gamma * seen["text_refinement_residual"]
    _close(refined, oracle["out.text_embedding_refined"])
    _close(features.matching.cosine, oracle["out.score_map"], atol=1e-5)
    _close(features.levels[3], oracle["out.c5_concat"])
    _close(features.matching.logits, oracle["out.aux_logits"])


@pytest.mark.parametrize(
    ("switch", "name"),
    [
        ({"visual_prompt": False}, "visual_prompt"),
        ({"text_refinement": False}, "text_refinement"),
        ({"generate_prompt": False}, "generated_prompt"),
    ],
)
def test_matching_without_one_part(switch, name):
    oracle = _Oracle("5_matching")
    cosine = _tcm(oracle, **switch)(oracle["in.image"]).matching.cosine
    _close(cosine, oracle[f"out.score_map_without_{name}"], atol=1e-5)


def test_auxiliary_loss_of_the_whole_chain():
    oracle = _Oracle("5_matching")
    aux = oracle.config["aux"]
    loss = MatchingLoss(
        upsample=aux["upsampling"],
        weight=aux["loss_weight"],
        negative_ratio=aux["negative_ratio"],
        eps=aux["eps"],
    )
    logits = _tcm(oracle)(oracle["in.image"][:1]).matching.logits
    targets = {
        "shrink_map": oracle["in.gt_shrink_first"][None],
        "shrink_mask": oracle["in.gt_shrink_mask_first"][None],
    }
    _close(loss(logits, targets), oracle["out.aux_loss_first"], atol=1e-5)
