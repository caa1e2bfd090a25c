"""The encoder and decoder layers of the reference."""

import pytest
import torch

from tcm.models.detection_transformer.layers import EncoderLayer, FactorisedDecoderLayer
from tcm.models.detection_transformer.memory import Memory
from tests.models.detection_transformer.oracle import Oracle, close

SIZES = ("d_model", "heads", "levels", "points", "ffn")


@pytest.fixture(scope="module")
def decoder():
    oracle = Oracle("decoder_layer")
    layer = FactorisedDecoderLayer(*(oracle.config[name] for name in SIZES))
    layer.load_state_dict(oracle.below("param/"))
    return oracle, layer


def memory_of(oracle):
    tokens, mask = oracle["input/memory"], oracle["input/mask"]
    ratios = torch.ones(len(tokens), len(oracle.sides()), 2)
    extents = torch.ones(len(tokens), 2, dtype=torch.int64)
    return Memory(tokens, mask, oracle.sides(), torch.zeros(*mask.shape, 2), ratios, extents)


def test_the_encoder_layer():
    oracle = Oracle("encoder_layer")
    layer = EncoderLayer(*(oracle.config[name] for name in SIZES))
    layer.load_state_dict(oracle.below("param/"))
    given = [oracle[f"input/{n}"] for n in ("src", "pos", "reference_points", "mask")]
    close(layer(*given, oracle.sides()), oracle["output/src"])


@torch.no_grad()
def test_the_steps_of_the_decoder_layer(decoder):
    oracle, layer = decoder
    position, reference = oracle["input/query_pos"], oracle["input/reference_points"]
    within = layer.intra(oracle["input/tgt"], position)
    close(within, oracle["between/after_intra"])
    among = layer.inter(within)
    close(among, oracle["between/after_inter"])
    seen = layer.cross(among, position, reference, memory_of(oracle))
    close(seen, oracle["between/after_cross"])


@torch.no_grad()
def test_the_decoder_layer(decoder):
    oracle, layer = decoder
    given = [oracle[f"input/{n}"] for n in ("tgt", "query_pos", "reference_points")]
    close(layer(*given, memory_of(oracle)), oracle["output/tgt"])
