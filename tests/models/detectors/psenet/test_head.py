import numpy as np
import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.detectors.psenet.head import PSEHead
from tcm.models.detectors.psenet.targets import PSETargets
from tcm.registry import MODELS
from tcm.structures import Sample, TextInstances
from tests.oracle_polygons import iou, rectangle

SIZE = (48, 64)
TEXT = rectangle(40, 16, (32, 24), 10)
CASES = {
    "text": ([TEXT], None),
    "no text": ([], None),
    "only ignored text": ([TEXT], np.array([True])),
}


def targets_of(polygons, ignored=None, size=SIZE, count=1):
    image = np.zeros((*size, 3), np.uint8)
    sample = Sample(image, "synthetic", TextInstances(polygons, ignored=ignored))
    maps = PSETargets()(sample, np.random.default_rng(0)).maps
    return {name: torch.from_numpy(np.stack([m] * count)) for name, m in maps.items()}


def head_of(**options):
    torch.manual_seed(0)
    return PSEHead(16, hidden=8, **options)


def found_in(polygons, size, output="poly"):
    """Return what is decoded from the ideal predictions for texts in an image."""
    head = head_of(decode={"type": "PSEDecoder", "output": output})
    predictions = head.predictions_of(targets_of(polygons, size=size))
    return head.decode(predictions, [np.eye(3)], [size])[0]


def arc(radius, thickness, centre, degrees):
    """Return a bent text (14, 2) on an arc of a circle, clockwise."""
    angles = np.deg2rad(np.linspace(-degrees / 2, degrees / 2, 7))
    spokes = np.stack([np.sin(angles), -np.cos(angles)], axis=1)
    outer, inner = (spokes * (radius + s * thickness / 2) for s in (1, -1))
    return (np.concatenate([outer, inner[::-1]]) + centre).astype(np.float32)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_losses_and_gradients_are_finite(case, dtype):
    head, feature = head_of(), torch.randn(2, 16, 12, 16)
    with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
        predictions = head(feature)
        losses = head.loss(predictions, targets_of(*CASES[case], count=2))
    assert predictions["maps"].shape == (2, 7, 12, 16)
    assert set(losses) == {"loss_text", "loss_kernel"}
    assert all(v.dtype == torch.float32 and v.ndim == 0 for v in losses.values())
    total = sum(losses.values())
    total.backward()
    assert torch.isfinite(total)
    assert all(torch.isfinite(p.grad).all() for p in head.parameters())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_extreme_half_precision_logits_give_finite_losses(dtype):
    logits = torch.linspace(-3e4, 3e4, 7 * 12 * 16).reshape(1, 7, 12, 16).to(dtype)
    logits.requires_grad_()
    losses = head_of().loss({"maps": logits}, targets_of([TEXT]))
    sum(losses.values()).backward()
    assert all(torch.isfinite(v) for v in losses.values())
    assert torch.isfinite(logits.grad).all()


def test_all_parameters_learn_from_text():
    head = head_of()
    losses = head.loss(head(torch.randn(2, 16, 12, 16)), targets_of([TEXT], count=2))
    sum(losses.values()).backward()
    # A bias before a batch norm has no effect in training.
    learnt = [p for name, p in head.named_parameters() if name != "conv.0.bias"]
    assert len(learnt) == 5
    assert all(p.grad.abs().sum() > 0 for p in learnt)


def test_the_loss_leaves_predictions_and_targets_alone():
    head, targets = head_of(), targets_of([TEXT])
    predictions = head(torch.randn(1, 16, 12, 16))
    before = {k: v.clone() for k, v in (predictions | targets).items()}
    head.loss(predictions, targets)
    assert all(torch.equal(before[k], v) for k, v in (predictions | targets).items())


def test_ideal_predictions_have_nearly_no_loss():
    head, targets = head_of(), targets_of([rectangle(100, 40, (64, 40))], size=(80, 128))
    losses = head.loss(head.predictions_of(targets), targets)
    assert losses["loss_text"] < 0.7 * 0.1
    assert losses["loss_kernel"] < 0.3 * 0.2
    wrong = {"maps": -head.predictions_of(targets)["maps"]}
    assert head.loss(wrong, targets)["loss_text"] > 0.6


@pytest.mark.parametrize("output", ["quad", "poly"])
@pytest.mark.parametrize("degrees", [0, 90, 12, -37])
def test_a_word_survives_targets_and_decoding(degrees, output):
    word = rectangle(110, 36, (80, 80), degrees)
    found = found_in([word], (160, 160), output)
    assert len(found) == 1
    assert iou(found.polygons[0], word) >= 0.85
    assert found.scores[0] > 0.99


def test_a_curved_word_survives_targets_and_decoding():
    word = arc(100, 36, (128, 140), 100)
    (found,) = found_in([word], (160, 256)).polygons
    assert iou(found, word) >= 0.85


def test_touching_words_stay_apart():
    words = [rectangle(100, 36, (80, 40)), rectangle(100, 36, (80, 76))]
    targets = targets_of(words, size=(128, 160))
    assert targets["text_map"][0, 22:94, 80].all()  # no gap between them
    found = found_in(words, (128, 160))
    assert len(found) == 2
    for polygon, word in zip(found.polygons, words, strict=True):
        assert iou(polygon, word) >= 0.85


def test_decoding_cuts_off_the_padding_and_returns_to_the_original():
    head = head_of(num_kernels=2)
    maps = torch.full((2, 2, 24, 32), -9.0)
    maps[:, :, 4:8, 5:15] = 9.0
    maps[:, :, 15:20, 20:30] = 9.0
    matrix = np.diag([0.5, 0.25, 1.0])
    first, second = head.decode({"maps": maps}, [np.eye(3), matrix], [(96, 128), (57, 128)])
    assert len(first) == 2
    assert len(second) == 1
    np.testing.assert_allclose(second.polygons[0].mean(axis=0), [79, 94], atol=1e-3)


def test_its_parts_are_configurable_and_mistakes_are_named():
    parts = {"loss": {"type": "PSELoss", "text_weight": 0.6},
             "decode": {"type": "PSEDecoder", "output": "poly"}}  # fmt: skip
    head = MODELS.build({"type": "PSEHead", **parts}, in_channels=16)
    assert head.criterion.text_weight == 0.6
    assert head.decoder.outliner.output == "poly"
    with pytest.raises(ConfigError, match="model.head.loss.txet_weight"):
        PSEHead(16, loss={"type": "PSELoss", "txet_weight": 0.6})
