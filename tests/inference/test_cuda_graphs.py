"""Replayed from CUDA graphs a model says what it says without; a graph for each shape."""

import pytest
import torch

from tcm.errors import ConfigError
from tcm.inference.cuda_graphs import CUDAGraphs, use_cuda_graphs
from tcm.registry import MODELS
from tests.models.tiny import METHODS, detector


def _deployed(method, device):
    torch.manual_seed(0)
    model = MODELS.build(detector("FastTCM", method), "model").eval()
    model.deploy()
    return model.to(device, memory_format=torch.channels_last)


def _images(height, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (1, 3, height, 64), dtype=torch.uint8, generator=generator)


@pytest.mark.gpu
@pytest.mark.parametrize("amp", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_outputs_of_several_images_and_shapes_are_those_without(method, amp):
    model, graphed = (_deployed(method, "cuda") for _ in range(2))
    graphs = use_cuda_graphs(graphed)
    with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16, enabled=amp):
        for seed, height in enumerate([64, 96, 64, 64, 96]):
            images = _images(height, seed).cuda()
            expected, found = model.outputs(images), graphed.outputs(images)
            for name, value in expected.items():
                torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-3)
    assert len(graphs) == 2


@pytest.mark.gpu
def test_there_are_no_more_graphs_than_the_limit():
    model = _deployed("dbnet", "cuda")
    graphs = CUDAGraphs(model.forward, limit=2)
    with torch.inference_mode():
        for height in (64, 96, 64, 128, 96):
            graphs(_images(height).cuda())
    assert len(graphs) == 2


class _Graph:
    """Runs again what was captured, into the same memory."""

    def __init__(self, forward, static, outputs):
        self.forward, self.static, self.outputs = forward, static, outputs

    def replay(self):
        self.outputs.copy_(self.forward(self.static))


def test_the_graph_of_a_shape_is_used_again_and_the_oldest_gives_way(monkeypatch):
    captured = []

    def capture(self, images):
        captured.append(len(images))
        static = images.clone()
        outputs = self.forward(static)
        return _Graph(self.forward, static, outputs), [static], outputs

    monkeypatch.setattr(CUDAGraphs, "_capture", capture)
    graphs = CUDAGraphs(lambda images: 2.0 * images, limit=2)
    for value, length in enumerate([1, 2, 1, 3, 1, 2]):
        assert graphs(torch.full((length,), float(value))).tolist() == [2.0 * value] * length
    assert captured == [1, 2, 3, 2]
    assert len(graphs) == 2


def test_a_model_that_is_not_on_a_gpu_is_told():
    with pytest.raises(ConfigError, match="not on a GPU"):
        use_cuda_graphs(_deployed("dbnet", "cpu"))
