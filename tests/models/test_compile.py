"""torch.compile takes training steps and deployed models as one graph, and they say the same."""

import pytest
import torch

from tcm.registry import MODELS
from tests.models.tiny import METHODS, detector, targets

SIZE = (64, 96)
TEXT = ([[[16, 16], [80, 16], [80, 48], [16, 48]]], [False])
DETECTORS = [method for method in METHODS if method not in ("abcnet", "deepsolo", "testr")]
# A trace takes 2 to 12 seconds.
CASES = [
    *(pytest.param("FastTCM", method, marks=pytest.mark.slow) for method in DETECTORS),
    pytest.param("ResNet", "dbnet", marks=pytest.mark.slow),
    ("CLIPResNet", "dbnet"),
]
DEPLOYED = [*CASES, pytest.param("FastTCM", "deepsolo", marks=pytest.mark.slow)]


def _build(backbone, method):
    torch.manual_seed(0)
    torch.compiler.reset()
    return MODELS.build(detector(backbone, method), "model")


def _images():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (2, 3, *SIZE), dtype=torch.uint8, generator=generator)


@pytest.mark.slow
@pytest.mark.parametrize(("backbone", "method"), CASES)
def test_a_training_step_is_one_graph(backbone, method):
    model = _build(backbone, method).train()
    for part in model.modules():  # whose random numbers would differ
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    maps = targets(*TEXT, *SIZE, method)
    compiled = torch.compile(model.loss, backend="eager", fullgraph=True)
    found = compiled(_images(), maps)
    expected = model.loss(_images(), maps)
    assert set(found) == set(expected)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value)


@pytest.mark.parametrize(("backbone", "method"), DEPLOYED)
def test_a_deployed_forward_pass_is_one_graph(backbone, method):
    model = _build(backbone, method).eval()
    model.deploy()
    with torch.inference_mode():
        expected = model.outputs(_images())
        model.compile(backend="eager", fullgraph=True)  # of torch, in place: what calls run
        found = model.outputs(_images())
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value)
