"""ABCNet v1 and v2 as whole models, built from configs alone."""

import numpy as np
import pytest
import torch

import tcm.models.necks.bifpn
import tcm.models.necks.fpn_p2p7  # noqa: F401  # they register the necks
from tcm.models.spotters.abcnet.levels import STRIDES, level_size
from tcm.registry import MODELS
from tests.models.spotters.abcnet.test_head import DETECTOR, RECOGNIZERS, SIZE, targets_of
from tests.models.spotters.abcnet.test_recognizer import CHARSET
from tests.models.tiny import BACKBONES

RECOGNIZER = {**RECOGNIZERS["attention"], "charset": CHARSET, "length": 6}
HEAD = {"type": "ABCNetHead", "recognizer": RECOGNIZER}
LEVEL_SIZES = [level_size(SIZE, stride) for stride in (4, *STRIDES)]
MODELS_OF = {
    "v1": {"neck": {"type": "FPNP2P7", "out_channels": 8}, "head": HEAD},
    "v2": {
        "neck": {"type": "BiFPN", "out_channels": 8},
        "head": {**HEAD, "coord_conv": True, "rois": {"type": "ABCNetRois", "adaptive": True},
                 "pooler": {"type": "BezierPooler", "size": [16, 64]}},
    },
}  # fmt: skip


def model_of(version, backbone, depth=1):
    torch.manual_seed(0)
    parts = MODELS_OF[version]
    head = {**parts["head"], "detector": {**DETECTOR, "depth": depth}}
    matching = {"map": "matching_map", "mask": "matching_mask", "loss": "dice"}
    return MODELS.build({
        "type": "Detector", "backbone": BACKBONES[backbone], **parts, "head": head,
        "matching_loss": {"type": "MatchingLoss", **matching},
    })  # fmt: skip


@pytest.mark.parametrize("case", ["text", "no text"])
@pytest.mark.parametrize(("version", "backbone"), [("v1", "FastTCM"), ("v2", "CLIPResNet")])
def test_a_step_of_training_reaches_every_parameter_of_neck_and_head(version, backbone, case):
    model = model_of(version, backbone)
    images = torch.randint(0, 256, (2, 3, *SIZE), dtype=torch.uint8)
    losses = model.loss(images, targets_of(case, "no text"))
    assert ("loss_matching" in losses) == (backbone == "FastTCM")
    sum(losses.values()).backward()
    for part in (model.neck, model.head):
        assert all(torch.isfinite(p.grad).all() for p in part.parameters())


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize("recognizer", RECOGNIZERS)
def test_mixed_precision_and_the_limit_of_regions_on_a_device(recognizer, device):
    config = {**RECOGNIZERS[recognizer], "charset": CHARSET, "length": 6}
    rois = {"type": "ABCNetRois", "adaptive": True, "score_thr": 0.0, "max_rois": 5}
    head = {**HEAD, "recognizer": config, "rois": rois, "coord_conv": True}
    head = MODELS.build({**head, "detector": DETECTOR}, in_channels=8).to(device)
    feature = [torch.randn(2, 8, *level, device=device) for level in LEVEL_SIZES]
    targets = {name: t.to(device) for name, t in targets_of("text", "text").items()}
    with torch.autocast(device, dtype=torch.bfloat16):
        predictions = head(feature)
        losses = head.loss(predictions, targets)
        found = head.eval().decode(head.predictions_of(targets), [np.eye(3)] * 2, [SIZE] * 2)
    sum(losses.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in head.parameters())
    assert [len(instances) for instances in found] == [2, 2]


@pytest.mark.parametrize("version", MODELS_OF)
def test_prediction_in_evaluation(version):
    model = model_of(version, "ResNet").eval()
    images = torch.randint(0, 256, (2, 3, *SIZE), dtype=torch.uint8)
    matrices, sizes = [np.eye(3)] * 2, [SIZE, (60, 90)]
    assert [len(found) for found in model.predict(images, matrices, sizes)] == [0, 0]
    model.head.decoder.score_thr = 0.0
    for found in model.predict(images, matrices, sizes):
        assert 0 < len(found) <= 100
        assert all(p.shape == (40, 2) and np.isfinite(p).all() for p in found.polygons)
        assert all(len(text) <= 6 for text in found.texts)


def test_images_of_a_batch_do_not_change_one_another():
    model = model_of("v2", "ResNet").eval()
    model.head.decoder.score_thr = 0.0
    images = torch.randint(0, 256, (2, 3, *SIZE), dtype=torch.uint8)
    both = model.predict(images, [np.eye(3)] * 2, [SIZE] * 2)
    for i, found in enumerate(both):
        alone = model.predict(images[i : i + 1], [np.eye(3)], [SIZE])[0]
        np.testing.assert_allclose(found.scores, alone.scores, atol=1e-5)
        assert sorted(found.texts) == sorted(alone.texts)
