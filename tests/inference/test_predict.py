"""Samples and their texts, in the order of the loader."""

import numpy as np
import pytest
import torch
from torch import nn

from tcm.inference.predict import predict
from tcm.structures import Batch, Sample, TextInstances


class _Model(nn.Module):
    """Reads the size of each image as its text and counts its calls."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def outputs(self, images):
        self.calls.append((images, torch.is_inference_mode_enabled()))
        return {"images": torch.zeros(len(images), device="cpu")}

    def texts_of(self, outputs, matrices, sizes):
        assert len(outputs["images"]) == len(matrices)
        return [
            TextInstances([matrix[:2].reshape(-1, 2)], texts=[str(size)])
            for matrix, size in zip(matrices, sizes, strict=True)
        ]


def _batches(sizes):
    """Yield batches; image number i has the size (i, 2 i)."""
    number = 0
    for size in sizes:
        samples = []
        for _ in range(size):
            image = np.zeros((0, 0, 3), np.uint8)
            matrix = np.diag([number, number, 1.0])
            texts = TextInstances()
            samples.append(Sample(image, "", texts, matrix, (number, 2 * number), index=number))
            number += 1
        yield Batch(torch.zeros(size, 3, 32, 32, dtype=torch.uint8), {}, samples)


def test_every_sample_comes_with_its_own_texts():
    pairs = list(predict(_Model(), _batches([2, 1, 2]), "cpu"))
    assert [sample.index for sample, _ in pairs] == [0, 1, 2, 3, 4]
    for i, (sample, texts) in enumerate(pairs):
        assert texts.texts == [str(sample.size)]
        assert texts.polygons[0][0, 0] == i


@pytest.mark.parametrize(("limit", "calls"), [(0, 0), (1, 1), (2, 1), (3, 2), (9, 3), (None, 3)])
def test_a_limit_spares_the_batches_behind_it(limit, calls):
    model = _Model()
    pairs = list(predict(model, _batches([2, 2, 1]), "cpu", limit))
    assert len(pairs) == (5 if limit is None else min(limit, 5))
    assert len(model.calls) == calls


def test_the_model_runs_in_inference_mode_and_the_caller_does_not():
    model = _Model()
    for _ in predict(model, _batches([1, 1]), "cpu"):
        assert not torch.is_inference_mode_enabled()
    assert [mode for _, mode in model.calls] == [True, True]


def test_batches_go_to_the_device():
    model = _Model()
    list(predict(model, _batches([1]), "meta"))
    assert model.calls[0][0].device.type == "meta"
