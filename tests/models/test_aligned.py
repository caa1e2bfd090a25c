"""Convolutions that fill channels up say what plain ones say."""

import pytest
import torch
from torch import nn

from tcm.models.aligned import AlignedConv2d


@pytest.mark.parametrize("width", [8, 9, 15])
def test_result_gradients_and_names_are_those_of_a_plain_convolution(width):
    torch.manual_seed(0)
    plain, aligned = nn.Conv2d(width, 4, 3, padding=1), AlignedConv2d(width, 4, 3, padding=1)
    aligned.load_state_dict(plain.state_dict())
    x = torch.randn(2, width, 5, 6).to(memory_format=torch.channels_last)
    results = []
    for conv in (plain, aligned):
        image = x.clone().requires_grad_()
        out = conv(image)
        out.square().sum().backward()
        results.append((out, image.grad, conv.weight.grad, conv.bias.grad))
    for found, expected in zip(*reversed(results), strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(("width", "seen"), [(2048, 2048), (2049, 2056), (258, 264)])
def test_the_convolution_sees_a_multiple_of_8_channels_last(width, seen, monkeypatch):
    shapes = []

    def note(self, x, weight, bias):
        assert x.is_contiguous(memory_format=torch.channels_last)
        shapes.append((x.shape[1], weight.shape[1]))

    monkeypatch.setattr(nn.Conv2d, "_conv_forward", note)
    with torch.device("meta"):
        x = torch.empty(2, width, 4, 4).to(memory_format=torch.channels_last)
        AlignedConv2d(width, 8, 1)(x)
    assert shapes == [(seen, seen)]
