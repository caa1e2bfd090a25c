"""A network whose numbers are not finite is an error that names the image, and no empty result."""

import cv2
import numpy as np
import pytest
import torch

from tcm.cli import infer, test
from tcm.errors import TCMError
from tcm.prediction import Predictor
from tcm.registry import MODELS
from tcm.structures import Batch, Sample, TextInstances
from tests.cli.tiny import write_checkpoint, write_config
from tests.models.tiny import METHODS, detector

RECOGNIZER = {"type": "PARSeq", "img_size": [8, 32], "patch_size": [4, 8], "embed_dim": 32}
RECOGNIZER |= {"enc_depth": 1, "enc_num_heads": 2, "dec_num_heads": 4}


def _predict(model, size):
    images = torch.zeros(2, 3, *size, dtype=torch.uint8)
    samples = [Sample(np.zeros((0, 0, 3), np.uint8), f"{i}.png", TextInstances()) for i in (1, 2)]
    with Predictor(model.eval(), "cpu") as predictor:
        return list(predictor.run([Batch(images, {}, samples)]))


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("method", METHODS)
def test_a_detector_that_diverged_says_so(method, value):
    model = MODELS.build(detector("CLIPResNet", method), "model")
    kinds = torch.nn.Conv2d, torch.nn.Linear  # transformers have no convolution in the head
    layers = [m for m in model.head.modules() if isinstance(m, kinds)]
    torch.nn.init.constant_(layers[0].weight, value)
    with pytest.raises(TCMError, match=r"1\.png: the network's output is not finite"):
        _predict(model, (64, 64))


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_recognizer_that_diverged_says_so(value):
    model = MODELS.build(RECOGNIZER, "model")
    layers = [m for m in model.modules() if isinstance(m, torch.nn.Linear)]
    torch.nn.init.constant_(layers[0].weight, value)
    with pytest.raises(TCMError, match=r"1\.png: the network's output is not finite"):
        _predict(model, (8, 32))


def _image(path):
    path.write_bytes(cv2.imencode(".png", np.zeros((64, 64, 3), np.uint8))[1])
    return path


def test_the_commands_name_the_image(tmp_path, monkeypatch):
    config = write_config(tmp_path)
    model = [config, write_checkpoint(config, tmp_path / "tiny.ckpt"), "--device", "cpu"]
    network = MODELS.build(detector("ResNet", "dbnet"), "model").eval()
    torch.nn.init.constant_(network.head.binarize[-1].bias, torch.nan)
    monkeypatch.setattr("tcm.cli.network.load_model", lambda *_: network)
    with pytest.raises(TCMError, match=r"a\.png: the network's output is not finite"):
        infer.main([*model, str(_image(tmp_path / "a.png")), "--out", str(tmp_path / "out")])
    with pytest.raises(TCMError, match=r"synth-1-000000: the network's output is not finite"):
        test.main([*model, "--scores", str(tmp_path / "scores.json")])
    assert not (tmp_path / "scores.json").exists()
    assert not (tmp_path / "out" / "predictions.json").exists()
