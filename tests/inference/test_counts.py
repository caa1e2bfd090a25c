import numpy as np
import pytest
import torch
from torch import nn

from tcm.inference.counts import count
from tcm.registry import MODELS
from tests.models.tiny import detector, targets

CPU = torch.device("cpu")


def test_operations_launches_and_waits_of_a_product():
    layer, inputs = nn.Linear(8, 4, bias=False), torch.ones(2, 8)
    counts = count(lambda: layer(inputs).view(-1).relu_(), CPU)
    assert counts.gflops == 2 * 2 * 8 * 4 / 1e9  # a multiplication and an addition are two
    assert counts.launches == 2  # product and relu; transposing and viewing launch nothing
    assert counts.waits == 0


def test_the_backward_pass_counts():
    layer, inputs = nn.Linear(8, 4, bias=False), torch.ones(2, 8)
    forward = count(lambda: layer(inputs).sum(), CPU)
    step = count(lambda: layer(inputs).sum().backward(), CPU)
    assert step.gflops == 2 * forward.gflops  # the gradient of the weights; inputs have none
    assert step.launches > forward.launches


def test_reading_a_number_waits():
    inputs = torch.ones(3)
    assert count(lambda: inputs.sum().item(), CPU).waits == 1


@pytest.mark.parametrize("method", ["abcnet", "deepsolo", "testr"])
def test_the_step_of_a_spotter_is_counted(method):
    """Counting follows modules, also those that are called where there are no gradients."""
    model = MODELS.build(detector("CLIPResNet", method)).train()
    images = torch.zeros(2, 3, 64, 64, dtype=torch.uint8)
    quad = np.array([[8.0, 8], [40, 8], [40, 24], [8, 24]])
    known = targets([quad], [False], 64, 64, method)

    def step():
        torch.stack(list(model.loss(images, known).values())).sum().backward()

    step()
    assert count(step, CPU).gflops > 0
