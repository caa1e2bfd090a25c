import numpy as np
import pytest
import torch

import tcm.models.spotters.abcnet.ctc
import tcm.models.spotters.abcnet.recognizer  # noqa: F401  # they register the recognizers
from tcm.data.loading.collate import collate
from tcm.errors import ConfigError
from tcm.models.spotters.abcnet.head import ABCNetHead
from tcm.models.spotters.abcnet.levels import STRIDES
from tcm.models.spotters.abcnet.targets import ABCNetTargets
from tcm.registry import MODELS
from tcm.structures import Sample, TextInstances
from tests.models.spotters.abcnet.test_recognizer import CHARSET
from tests.oracle_polygons import iou, rectangle

SIZE = (64, 96)
TEXTS = [rectangle(60, 16, (48, 18), 10), rectangle(40, 20, (40, 46), -5)]
CASES = {
    "text": (TEXTS, ["Ab", "c"], None),
    "no text": ([], [], None),
    "only ignored text": (TEXTS, ["Ab", "c"], [True, True]),
    "no transcriptions": (TEXTS, ["", None], None),
    "other characters": (TEXTS, ["é", "日本"], None),
}
RECOGNIZERS = {
    "attention": {"type": "AttentionRecognizer", "hidden": 8, "groups": 2},
    "ctc": {"type": "CTCRecognizer", "hidden": 8},
}
DETECTOR = {"type": "FCOSHead", "width": 8, "groups": 2, "depth": 1}


def head_of(recognizer="attention", **options):
    torch.manual_seed(0)
    config = {"charset": CHARSET, "length": 6, **RECOGNIZERS[recognizer]}
    return ABCNetHead(8, config, **{"detector": DETECTOR, **options})


def batch_of(case, size=SIZE):
    polygons, texts, ignored = CASES[case]
    instances = TextInstances(polygons, texts, None if ignored is None else np.array(ignored))
    sample = Sample(np.zeros((*size, 3), np.uint8), case, instances)
    return ABCNetTargets(CHARSET, length=6)(sample, np.random.default_rng(0))


def targets_of(*cases):
    return collate([batch_of(case) for case in cases]).targets


def levels(batch=2):
    return [
        torch.randn(batch, 8, -(-SIZE[0] // s), -(-SIZE[1] // s), requires_grad=True)
        for s in (4, *STRIDES)
    ]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_losses_and_gradients_are_finite(case, dtype):
    head = head_of(coord_conv=True, rois={"type": "ABCNetRois", "adaptive": True})
    feature = levels()
    with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
        losses = head.loss(head(feature), targets_of(case, case))
    names = {"cls", "box", "centerness", "bezier", "recognition"}
    assert set(losses) == {f"loss_{name}" for name in names}
    assert all(v.dtype == torch.float32 and v.ndim == 0 for v in losses.values())
    sum(losses.values()).backward()
    assert all(torch.isfinite(v) for v in losses.values())
    assert all(torch.isfinite(p.grad).all() for p in head.parameters())
    assert all(torch.isfinite(level.grad).all() for level in feature)
    readable = case in ("text", "other characters")
    assert (losses["loss_recognition"] > 0) == readable
    assert (losses["loss_bezier"] > 0) == (case not in ("no text", "only ignored text"))


@pytest.mark.parametrize("recognizer", RECOGNIZERS)
@pytest.mark.parametrize("case", ["text", "no text"])
def test_every_parameter_takes_part(recognizer, case):
    head = head_of(recognizer, coord_conv=True)
    sum(head.loss(head(levels(1)), targets_of(case)).values()).backward()
    assert all(p.grad is not None for p in head.parameters())
    if case == "text":
        # The attention does not depend on the bias of its energies: the softmax cancels it.
        names = [n for n, p in head.named_parameters() if p.grad.abs().sum() == 0]
        assert set(names) <= {"recognizer.decoder.energy.bias"}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_extreme_half_precision_maps_give_finite_losses(dtype):
    head = head_of()
    maps = {}
    for name, value in head(levels()).items():
        wide = torch.linspace(-6e4, 6e4, value.numel()).view_as(value)
        maps[name] = value if "feature" in name else wide.to(dtype)
        if name.startswith("box"):
            maps[name] = maps[name].clamp(min=0)
        maps[name] = maps[name].detach().requires_grad_()
    losses = head.loss(maps, targets_of("text", "no text"))
    sum(losses.values()).backward()
    assert all(torch.isfinite(v) for v in losses.values())
    assert all(torch.isfinite(m.grad).all() for m in maps.values())


def test_the_loss_leaves_predictions_and_targets_alone():
    head = head_of(rois={"type": "ABCNetRois", "adaptive": True})
    predictions, targets = head(levels()), targets_of("text", "text")
    before = {k: v.clone() for k, v in (predictions | targets).items()}
    head.loss(predictions, targets)
    assert all(torch.equal(before[k], v) for k, v in (predictions | targets).items())


def test_an_image_of_any_size_learns_the_same_in_a_larger_batch():
    small, large = batch_of("text", (63, 95)), batch_of("no text", (130, 200))
    alone, together = collate([small]).targets, collate([small, large]).targets
    assert alone["matching_map"].shape == (1, 64, 96)
    assert together["matching_map"].shape == (2, 160, 224)
    one, two = alone["location_rows"], together["location_rows"]
    assert torch.equal(one[0], two[0, : one.shape[1]])
    assert torch.count_nonzero(two[1]) == 0


@pytest.mark.parametrize("recognizer", RECOGNIZERS)
def test_ideal_predictions_are_decoded_to_the_texts_in_original_coordinates(recognizer):
    head = head_of(recognizer).eval()
    targets = targets_of("text", "text")
    matrices = [np.eye(3), np.array([[0.5, 0, 3], [0, 0.25, -2], [0, 0, 1]])]
    decode = {"score_thr": 0.5, "nms_iou": 0.3}
    head.decoder.score_thr, head.decoder.nms_iou = decode.values()
    found = head.decode(head.predictions_of(targets), matrices, [SIZE, SIZE])
    for instances, matrix in zip(found, matrices, strict=True):
        assert len(instances) == len(TEXTS)
        assert all(isinstance(text, str) for text in instances.texts)
        assert ((instances.scores > 0.5) & (instances.scores <= 1)).all()
        for polygon in instances.polygons:
            points = polygon.astype(float) @ matrix[:2, :2].T + matrix[:2, 2]
            text = max(TEXTS, key=lambda t: iou(points, t))
            assert iou(points, text) > 0.99
            np.testing.assert_allclose(points[0], text[0], atol=0.01)


@pytest.mark.parametrize("recognizer", RECOGNIZERS)
def test_ideal_predictions_of_images_without_text_are_empty(recognizer):
    head = head_of(recognizer).eval()
    predictions = head.predictions_of(targets_of("no text", "only ignored text"))
    found = head.decode(predictions, [np.eye(3)] * 2, [SIZE, SIZE])
    assert [len(instances) for instances in found] == [0, 0]
    assert all(instances.scores.shape == (0,) for instances in found)


@torch.no_grad()
def test_each_detection_keeps_its_own_reading():
    head = head_of().eval()
    predictions = head.predictions_of(targets_of("text", "text"))
    texts = ["one", "two", "three", "four"]
    rows = torch.from_numpy(np.stack([head.recognizer.charset.encode(t, 6) for t in texts]))
    head.recognizer.read = lambda pooled: rows[: len(pooled)]
    found = head.decode(predictions, [np.eye(3)] * 2, [SIZE, SIZE])
    assert [instances.texts for instances in found] == [texts[:2], texts[2:]]


def test_training_and_evaluation_predict_maps_of_every_level():
    head = head_of(coord_conv=True)
    feature = levels()
    for mode in (True, False):
        maps = head.train(mode)(feature)
        assert len(maps) == 4 * len(STRIDES) + 3
        assert maps["bezier_128"].shape == (2, 16, 1, 1)
    assert not torch.equal(maps["feature_4"], feature[0])
    assert head_of()(feature)["feature_4"] is feature[0]


def test_mistakes_are_named():
    head = head_of()
    targets = targets_of("text", "text")
    with pytest.raises(ConfigError, match=r"length 4.*recognizer 6"):
        head.loss(head(levels()), {**targets, "text_rows": targets["text_rows"][..., :4]})
    config = {"type": "ABCNetHead", "recognizer": {"type": "CTCRecognizer", "charset": CHARSET}}
    with pytest.raises(ConfigError, match=r"rois\.adaptiv.*'adaptive'"):
        MODELS.build({**config, "rois": {"type": "ABCNetRois", "adaptiv": True}}, in_channels=32)
    with pytest.raises(ConfigError, match="recognizer: .*needs the argument 'charset'"):
        MODELS.build({**config, "recognizer": {"type": "CTCRecognizer"}}, in_channels=32)
    with pytest.raises(ConfigError, match="recognizer.charset: ascii96: .*'ascii95'"):
        missing = {"type": "CTCRecognizer", "charset": CHARSET.replace("95", "96")}
        MODELS.build({**config, "recognizer": missing}, in_channels=32)
