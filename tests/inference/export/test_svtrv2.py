"""An exported SVTRv2 gives what PyTorch gives, for crops of every size, without its guidance."""

import numpy as np
import onnx
import pytest
import torch

from tcm.cli.graphs import compare, write_folder
from tcm.inference.onnx import open_folder
from tcm.inference.reading.sizes import RatioCropPolicy
from tcm.registry import MODELS
from tests.inference.onnx.graphs import crops, logits_of

TINY = {
    "type": "SVTRv2",
    "dims": [32, 32, 32],
    "depths": [1, 1, 1],
    "local_depths": [1, 0, 0],
    "charset": 36,
    "guided": True,
}
PIPELINE = [
    {"type": "MultiSizeResize", "max_ratio": 5},
    {"type": "Warp", "interpolation": "bicubic"},
]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = MODELS.build(TINY).eval()
    torch.nn.init.normal_(model.classifier.weight, std=0.5)  # so that something is read
    model.deploy()
    return model


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("svtrv2")
    write_folder(model, {"model": {}}, PIPELINE, "tiny", folder)
    return folder


def test_texts_and_confidences_are_equal_in_every_size(model, folder):
    reader = open_folder(folder, threads=1)
    assert isinstance(reader.crop, RatioCropPolicy)
    sizes = sorted(reader.crop.all())
    assert len(sizes) == 5
    images = [crop for i, size in enumerate(sizes) for crop in crops(1 + i, size, i)]
    texts = []
    for image in images:
        expected = logits_of(model, image[None])
        np.testing.assert_allclose(reader.logits(image[None]), expected, atol=1e-3)
        texts += model.decode(torch.from_numpy(expected))
    readings = reader.read_all(images, 2)
    assert [reading.text for reading in readings] == [text for text, _ in texts]
    assert any(reading.text for reading in readings)
    np.testing.assert_allclose([r.confidence for r in readings], [c for _, c in texts], atol=1e-4)


def test_its_comparison_shows_words_as_the_model_takes_them(model, folder):
    parity = compare(model, folder, PIPELINE, None)
    assert parity.difference < 1e-3
    assert (parity.figures["words"], parity.figures["equal texts"]) == (9, 9)


def test_the_guidance_is_not_in_the_graph(model, folder):
    graph = onnx.load(folder / "model.onnx").graph
    stored = sum(int(np.prod(tensor.dims)) for tensor in graph.initializer)
    assert stored < 1.1 * sum(p.numel() for p in model.parameters())
    assert not [tensor.name for tensor in graph.initializer if "guidance" in tensor.name]
