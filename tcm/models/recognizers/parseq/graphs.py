"""PARSeq's parts as graphs for ONNX: the encoder, one step and one pass of the decoder.

Reading loops over steps and refinements, and ends when all texts have; that stays with the host,
and the graphs are what it calls. A step keeps keys and values: read again at every step, those of
all tokens so far are more work than the one query that is asked for.

Shapes: B batch, H and W the sides of a crop.
"""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from tcm.models.graph import Graph
from tcm.models.recognizers.parseq.attention import KeysValues
from tcm.models.recognizers.parseq.decoder import Memory, PARSeqDecoder
from tcm.models.recognizers.parseq.generate import reread

_BATCH = 2  # of the examples
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
    device = next(model.parameters()).device
    crops = torch.zeros(_BATCH, *size, 3, dtype=torch.uint8, device=device)
    module = _Encoder(model, encode)
    with torch.no_grad():
        memories = dict(encode(crops.permute(0, 3, 1, 2)))
    outputs = [key for name, memory in memories.items() for key in named(name, memory)]
    return Graph(module, {"crops": crops}, outputs, {"crops": {0: "batch"}}), memories


def decoder_graphs(decoder: PARSeqDecoder, memory: Memory, name: str = "") -> dict[str, Graph]:
    """Return ``step``, the next character, and ``refine``, a whole text in one pass.

    Refining the begin alone is reading in one pass.

    Args:
        decoder: In eval mode.
        memory: An example for a batch.
        name: Put before the graphs' names.
    """
    batch, steps = memory[0][0].shape[0], decoder.tokenizer.steps()
    token = torch.full((batch, 1), decoder.tokenizer.bos_id, device=memory[0][0].device)
    memories = named("memory", memory)
    past = named("cache", [(_past(keys), _past(values)) for keys, values in memory])
    axes = {key: {0: "batch"} for key in memories}
    return {
        f"{name}step": Graph(
            _Step(decoder),
            {"token": token, **memories, **past},
            ["logits", *(f"next_{key}" for key in past)],
            {"token": {0: "batch"}, **axes, **{key: {0: "batch", 2: "past"} for key in past}},
            {"past": steps - 1},
        ),
        f"{name}refine": Graph(
            _Refine(decoder),
            {"context": token.repeat(1, _PAST), **memories},
            ["logits"],
            {"context": {0: "batch", 1: "length"}, **axes},
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

    def forward(self, inputs: Mapping[str, Tensor]) -> list[Tensor]:
        memories = self.encode(inputs["crops"].permute(0, 3, 1, 2))
        return [tensor for memory in memories.values() for pair in memory for tensor in pair]


class _Step(nn.Module):
    def __init__(self, decoder: PARSeqDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, inputs: Mapping[str, Tensor]) -> list[Tensor]:
        cache = layers_of(inputs, "cache")
        logits = self.decoder.step(inputs["token"], layers_of(inputs, "memory"), cache)
        return [logits, *(tensor for pair in cache for tensor in pair)]


class _Refine(nn.Module):
    def __init__(self, decoder: PARSeqDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, inputs: Mapping[str, Tensor]) -> list[Tensor]:
        steps = self.decoder.tokenizer.steps()
        return [reread(self.decoder, layers_of(inputs, "memory"), inputs["context"], steps)]
