"""The detector on every backbone: normalisation, losses, predictions in original coordinates."""

import copy

import numpy as np
import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.backbones.backbone import IMAGENET_MEAN, IMAGENET_STD
from tcm.registry import MODELS
from tests.models.tiny import BACKBONES, detector, targets

SIZE = (64, 96)
QUAD = [[16, 16], [80, 16], [80, 48], [16, 48]]
TEXT = ([QUAD], [False])
DB_LOSSES = {"loss_prob", "loss_thr", "loss_db"}


def _build(name, **changes):
    torch.manual_seed(0)
    return MODELS.build({**detector(name), **changes}, "model")


@pytest.fixture(scope="module", params=BACKBONES)
def model(request):
    return _build(request.param)


def _images(batch=2):
    return torch.from_numpy(
        np.random.default_rng(0).integers(0, 256, (batch, 3, *SIZE), dtype=np.uint8)
    )


def test_images_are_normalised_channel_by_channel():
    images = _images()
    before = images.clone()
    found = _build("CLIPResNet").normalise(images)
    for i, (mean, std) in enumerate(zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)):
        torch.testing.assert_close(found[:, i], (images[:, i].float() - mean) / std)
    assert found.dtype == torch.float32
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(images, before)


def test_mean_and_std_are_configurable_and_no_part_of_a_checkpoint():
    model = _build("CLIPResNet", mean=[0, 0, 0], std=[255, 1, 1])
    assert model.normalise(torch.full((1, 3, 1, 1), 255))[0, :, 0, 0].tolist() == [1, 255, 255]
    assert not {"mean", "std"} & set(model.state_dict())


def test_a_mean_of_ones_own_comes_before_clips_and_clips_before_the_backbones():
    def mean(name, **changes):
        return _build(name, **changes).mean.flatten().tolist()

    assert mean("FastTCM", clip_mean=[1, 2, 3]) == mean("CLIPResNet", clip_mean=[1, 2, 3])
    assert mean("TCM", clip_mean=[1, 2, 3]) == [1, 2, 3]
    assert mean("TCM", clip_mean=[1, 2, 3], mean=[4, 5, 6]) == [4, 5, 6]
    assert mean("ResNet", clip_mean=[1, 2, 3]) == mean("FastTCM") == mean("ResNet")
    assert mean("ResNet") == pytest.approx([123.675, 116.28, 103.53])


@pytest.mark.parametrize("wrong", [{"mean": [0, 0]}, {"std": [1, 1, 1, 1]}])
def test_mean_and_std_must_be_three_numbers(wrong):
    with pytest.raises(ConfigError, match=r"(mean|std): a list of 3 \(a number each\)"):
        _build("CLIPResNet", **wrong)


def test_the_backbone_sees_the_normalised_images():
    model = _build("CLIPResNet").eval()
    seen = []
    model.backbone.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        model(_images())
    assert torch.equal(seen[0], model.normalise(_images()))


def test_without_a_config_there_is_no_matching_loss():
    model = _build("FastTCM", matching_loss=None)
    assert set(model.loss(_images(), targets(*TEXT, *SIZE))) == DB_LOSSES


def test_the_matching_loss_is_that_of_the_score_map():
    model = _build("FastTCM")
    maps = targets(*TEXT, *SIZE)
    _, features = model(_images())
    expected = model.matching_loss(features.matching.logits, maps)
    torch.testing.assert_close(model.loss(_images(), maps)["loss_matching"], expected)


def test_predictions_are_in_original_coordinates():
    """Two images that are the same to the network, of which the second was shrunk and padded."""
    model = _build("CLIPResNet").eval()
    logits = torch.full((2, *SIZE), -9.0)
    logits[:, 16:32, 16:48] = 9.0
    model.head.forward = lambda feature: {"prob_logits": logits}
    shrink = np.diag([0.5, 0.25, 1.0])
    shrink[0, 2] = 8
    first, second = model.predict(_images(), [np.eye(3), shrink], [SIZE, (48, 72)])
    assert len(first) == len(second) == 1
    assert first.scores[0] == pytest.approx(1, abs=1e-3)
    expected = (first.polygons[0] - [8, 0]) / [0.5, 0.25]
    np.testing.assert_allclose(np.sort(second.polygons[0], 0), np.sort(expected, 0), atol=1e-3)


def test_what_lies_in_the_padding_is_not_predicted():
    model = _build("CLIPResNet").eval()
    logits = torch.full((1, *SIZE), -9.0)
    logits[:, 16:32, 60:90] = 9.0
    model.head.forward = lambda feature: {"prob_logits": logits}
    (found,) = model.predict(_images(1), [np.eye(3)], [(64, 56)])
    assert len(found) == 0


def test_predicting_keeps_no_graph_and_follows_the_image(model):
    model.eval()
    predictions = []
    model.head.outputs, outputs = lambda p: predictions.append(p) or outputs(p), model.head.outputs
    try:
        model.predict(_images(), [np.eye(3)] * 2, [SIZE] * 2)
    finally:
        model.head.outputs = outputs
    (logits,) = (p["prob_logits"] for p in predictions)
    assert not logits.requires_grad
    assert logits.shape == (2, *SIZE)
    assert not torch.allclose(logits[0], logits[1])


def test_dropping_what_training_needs_leaves_the_predictions(model):
    model.eval()
    small = copy.deepcopy(model)
    small.deploy()
    with torch.inference_mode():
        logits = [net(_images())[0]["prob_logits"] for net in (model, small)]
    scale = logits[0].abs().max().item()
    torch.testing.assert_close(logits[1], logits[0], rtol=1e-5, atol=2e-5 * scale)
    assert small.matching_loss is None
    if type(model.backbone).__name__ == "FastTCM":
        assert not [name for name in small.state_dict() if "text_side" in name]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"backbone": {**BACKBONES["ResNet"], "dephts": 18}}, "model.backbone.dephts"),
        ({"neck": {"type": "FPCN"}}, "model.neck: unknown model 'FPCN'"),
        ({"head": {"type": "DBHead", "kk": 1}}, "model.head.kk"),
        ({"matching_loss": {"type": "MatchingLoss", "los": 1}}, "model.matching_loss.los"),
    ],
)
def test_mistakes_name_their_place(changes, place):
    with pytest.raises(ConfigError, match=place):
        _build("CLIPResNet", **changes)
