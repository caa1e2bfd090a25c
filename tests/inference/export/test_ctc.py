"""An exported recognizer with CTC gives what PyTorch gives."""

import json

import numpy as np
import pytest
import torch

from tcm.cli.graphs import write_folder
from tcm.errors import ConfigError, DataError, TCMError
from tcm.inference.onnx import open_folder
from tcm.inference.onnx.ctc import OnnxCTCRecognizer
from tcm.inference.reading.sizes import CropPolicy
from tcm.registry import MODELS
from tests.inference.onnx.graphs import assert_equal
from tests.models.recognizers.ctc.test_model import TINY

PIPELINE = [{"type": "StretchTo", "size": [16, 64]}, {"type": "Warp"}]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = MODELS.build(TINY).eval()
    model.deploy()
    return model


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ctc")
    write_folder(model, {"model": {}}, PIPELINE, "tiny", folder)
    return folder


@pytest.mark.parametrize("count", [1, 5])
def test_texts_and_confidences_are_equal(model, folder, count):
    reader = open_folder(folder, threads=1)
    assert any(assert_equal(model, reader, count))
    reader.crop = CropPolicy(16, 100)  # a crop may be wider
    assert_equal(model, reader, count)


def test_it_has_no_settings(folder):
    with pytest.raises(ConfigError, match="refine_iters: CTC has no such setting"):
        open_folder(folder, refine_iters=1)
    open_folder(folder, refine_iters=None)


def test_a_damaged_description_is_named(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    content = json.loads((tmp_path / "model.json").read_text())
    content["runtime"]["characters"] = "aa"
    (tmp_path / "model.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"model\.json: 'characters' is not what model\.onnx"):
        open_folder(tmp_path)


def test_what_is_not_finite_is_refused():
    def graph(crops):
        return {"logits": np.full((len(crops), 4, 3), np.nan, np.float32)}

    reader = OnnxCTCRecognizer("broken", CropPolicy(16, 64), graph, "ab")
    with pytest.raises(TCMError, match="broken: the network's output is not finite"):
        reader.read(np.zeros((1, 16, 64, 3), np.uint8))
