"""PARSeq's parts as graphs for ONNX: the encoder, one step and one pass of the decoder.

Reading loops over steps and refinements, and ends when all texts have; that stays with the host,
and the graphs are what it calls. A step keeps keys and values: read again at every step, those of
all tokens so far are more work than the one query that is asked for.

Keys and values (B, heads, tokens, width of a head) are named ``memory_keys_0``,
``memory_values_0`` and so on, by the layers that read them.

Shapes: B batch, H and W the sides of a crop, S steps, C classes.
"""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from tcm.contracts import Graph
from tcm.models.recognizers.parseq.attention import KeysValues
from tcm.models.recognizers.parseq.decoder import Memory, PARSeqDecoder
from tcm.models.recognizers.parseq.generate import reread

BATCH = ("batch", 1)  # an axis of any length
_EXAMPLES = 2  # crops
_PAST = 3  # tokens read before, in the examples
_KINDS = ("keys", "values")


def encoder_graph(
    model: nn.Module, encode: Callable[[Tensor], Mapping[str, Memory]], size: tuple[int, int]
) -> tuple[Graph, dict[str, Memory]]:
    """Return the graph from crops (B, H, W, 3) of uint8 to named memories, and an example of them.

    Args:
        model: Whose parameters they are; in eval mode.
        encode: Takes images (B, 3, H, W).
        size: Height and width of the crops.
    """
    crops = torch.zeros(_EXAMPLES, *size, 3, dtype=torch.uint8)
    with torch.no_grad():
        memories = dict(encode(crops.permute(0, 3, 1, 2)))
    graph = Graph(_Encoder(model, encode).eval(), {"crops": crops}, {"crops": {0: BATCH}})
    return graph, memories


def decoder_graphs(decoder: PARSeqDecoder, memory: Memory, name: str = "") -> dict[str, Graph]:
    """Return ``step``, the next character, and ``refine``, a whole text in one pass.

    Either gives ``logits``, a step (B, 1, C) and the ``next_cache``, a pass (B, S, C). Refining the
    begin alone is reading in one pass.

    Args:
        decoder: In eval mode, on the host.
        memory: An example for a batch.
        name: Put before the graphs' names.
    """
    steps = decoder.tokenizer.steps()
    token = torch.full((len(memory[0][0]), 1), decoder.tokenizer.bos_id)
    memories = named("memory", memory)
    past = named("cache", [(_past(keys), _past(values)) for keys, values in memory])
    shared = {key: {0: BATCH} for key in memories}
    pasts = {key: {0: BATCH, 2: ("past", 1)} for key in past}
    text = {"context": {0: BATCH, 1: ("length", 1)}}
    return {
        f"{name}step": Graph(
            _Step(decoder).eval(),
            {"token": token, **memories, **past},
            {"token": {0: BATCH}, **shared, **pasts},
            {"past": steps - 1},
        ),
        f"{name}refine": Graph(
            _Refine(decoder).eval(),
            {"context": token.repeat(1, _PAST), **memories},
            {**text, **shared},
            {"length": steps},
        ),
    }


def named(name: str, layers: Iterable[KeysValues]) -> dict[str, Tensor]:
    """Return keys and values under names, layer by layer."""
    return {
        f"{name}_{kind}_{i}": tensor
        for i, pair in enumerate(layers)
        for kind, tensor in zip(_KINDS, pair, strict=True)
    }


def layers_of(inputs: Mapping[str, Tensor], name: str) -> list[KeysValues]:
    """Return the keys and values that `named` gave their names."""
    flat = [inputs[key] for key in inputs if key.startswith(f"{name}_")]
    return list(zip(flat[::2], flat[1::2], strict=True))


def _past(memory_BHMD: Tensor) -> Tensor:
    return memory_BHMD[:, :, :1].repeat(1, 1, _PAST, 1)


class _Encoder(nn.Module):
    def __init__(self, model: nn.Module, encode: Callable[[Tensor], Mapping[str, Memory]]) -> None:
        super().__init__()
        self.model = model
        self.encode = encode

    def forward(self, crops: Tensor) -> dict[str, Tensor]:
        memories = self.encode(crops.permute(0, 3, 1, 2))
        return {k: t for name, memory in memories.items() for k, t in named(name, memory).items()}


class _Step(nn.Module):
    def __init__(self, decoder: PARSeqDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, token: Tensor, **inputs: Tensor) -> dict[str, Tensor]:
        cache = layers_of(inputs, "cache")
        logits = self.decoder.step(token, layers_of(inputs, "memory"), cache)
        return {"logits": logits, **named("next_cache", cache)}


class _Refine(nn.Module):
    def __init__(self, decoder: PARSeqDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, context: Tensor, **inputs: Tensor) -> dict[str, Tensor]:
        steps = self.decoder.tokenizer.steps()
        return {"logits": reread(self.decoder, layers_of(inputs, "memory"), context, steps)}
