"""Recognizers as their graphs, run by PyTorch: what the host does around them is tested with them.

The graphs are exported elsewhere, which takes seconds each.
"""

from functools import cache

import numpy as np
import torch

from tcm.clip.byte_pairs import BytePairs
from tcm.contracts import as_arrays
from tcm.inference.onnx.how import How
from tcm.inference.onnx.recognizer import OnnxRecognizer
from tcm.inference.reading.sizes import CropPolicy
from tcm.models.recognizers.parseq.model import PARSeq
from tcm.registry import MODELS
from tests.models.recognizers.clip4str.tiny import SIZE, TINY


class GraphSession:
    """A graph with the interface of a `Session`."""

    def __init__(self, graph):
        self._graph = graph
        self.batches = []

    def __call__(self, **inputs):
        assert list(inputs) == list(self._graph.inputs)
        self.batches.append(len(next(iter(inputs.values()))))
        for name, example in self._graph.inputs.items():
            fixed = [i for i in range(example.dim()) if i not in self._graph.axes.get(name, {})]
            assert [inputs[name].shape[i] for i in fixed] == [example.shape[i] for i in fixed]
        with torch.no_grad():
            tensors = {name: torch.from_numpy(array) for name, array in inputs.items()}
            return as_arrays(self._graph.module(**tensors))


def recognizer(model, sessions=None, **changes) -> OnnxRecognizer:
    """Return what reads a model's graphs."""
    graphs = model.graphs()
    height_width = graphs["encoder"].inputs["crops"].shape[1:3]
    if sessions is None:
        sessions = {name: GraphSession(graph) for name, graph in graphs.items()}
    how = How.of_json(settings(model), "model.json: runtime").changed(**changes)
    pairs = byte_pairs(*model.assets()) if model.assets() else None
    return OnnxRecognizer("tiny", CropPolicy(*height_width), sessions, how, pairs)


def settings(model) -> dict:
    """Return what `model.json` has under ``runtime``."""
    return {name: value for name, value in model.runtime().items() if name != "kind"}


byte_pairs = cache(BytePairs)


def crops(count: int, size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Return random crops (count, height, width, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (count, *size, 3), np.uint8)


def logits_of(model, images: np.ndarray) -> np.ndarray:
    """Return the logits that the network gives in PyTorch."""
    with torch.no_grad():
        return model(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()


def lively(model):
    """Return a model whose random weights read texts of many lengths."""
    torch.manual_seed(3)
    for name, parameter in model.named_parameters():
        if "decoder" in name and parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.5)
        if name.endswith("decoder.head.bias"):
            parameter.data[0] += 4.0  # ends come early
    return model.eval()


def tiny_parseq(depth=2):
    """Return a PARSeq of little, with a decoder of its own width."""
    torch.manual_seed(0)
    return lively(PARSeq(SIZE, (8, 8), 16, 1, 2, 2.0, depth, 2, 2.0, dec_embed_dim=32))


def tiny_clip4str():
    """Return a CLIP4STR of little."""
    torch.manual_seed(0)
    return lively(MODELS.build(TINY))


def assert_equal(model, reader, count):
    """Compare what network and reader make of random crops; return the texts."""
    images = crops(count, (reader.crop.height, reader.crop.width), count)
    expected = logits_of(model, images)
    found = reader.logits(images)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-3)
    texts = model.decode(torch.from_numpy(expected))
    readings = reader.read(images)
    assert [r.text for r in readings] == [text for text, _ in texts]
    np.testing.assert_allclose([r.confidence for r in readings], [c for _, c in texts], atol=1e-4)
    return [r.text for r in readings]
