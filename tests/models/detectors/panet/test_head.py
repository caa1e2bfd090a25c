import numpy as np
import pytest
import torch

from tcm.errors import ConfigError
from tcm.geometry.polygons import signed_area
from tcm.models.detectors.panet.head import PANHead
from tcm.models.detectors.panet.targets import PANTargets
from tcm.registry import MODELS
from tcm.structures import Sample, TextInstances
from tests.models.tiny import detector
from tests.oracle_polygons import iou, rectangle

SIZE = (48, 64)
TEXT, OTHER = rectangle(40, 16, (32, 12), 5), rectangle(30, 16, (32, 36), -5)
CASES = {
    "text": ([TEXT, OTHER], None),
    "no text": ([], None),
    "only ignored text": ([TEXT, OTHER], np.array([True, True])),
}
POLY = {"type": "PANDecoder", "output": "poly"}


def batch_of(polygons, ignored=None, size=SIZE, count=2, **options):
    image = np.zeros((*size, 3), np.uint8)
    sample = Sample(image, "synthetic", TextInstances(polygons, ignored=ignored))
    maps = PANTargets(**options)(sample, np.random.default_rng(0)).maps
    return {name: torch.from_numpy(np.stack([m] * count)) for name, m in maps.items()}


@pytest.fixture
def head():
    torch.manual_seed(0)
    return PANHead(32, 16)


def test_it_predicts_three_kinds_of_maps_at_stride_four(head):
    shapes = {name: tuple(p.shape) for name, p in head(torch.randn(2, 32, 12, 16)).items()}
    assert shapes == {
        "text_logits": (2, 12, 16),
        "kernel_logits": (2, 12, 16),
        "embedding": (2, 4, 12, 16),
    }
    assert PANHead(32, 16, 7)(torch.randn(2, 32, 12, 16))["embedding"].shape[1] == 7


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_losses_and_gradients_are_finite(head, case, dtype):
    feature = torch.randn(2, 32, 12, 16)
    with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
        losses = head.loss(head(feature), batch_of(*CASES[case]))
    assert set(losses) == {"loss_text", "loss_kernel", "loss_embedding"}
    assert all(v.dtype == torch.float32 and v.ndim == 0 for v in losses.values())
    total = sum(losses.values())
    total.backward()
    assert torch.isfinite(total)
    assert all(torch.isfinite(p.grad).all() for p in head.parameters())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_extreme_half_precision_predictions_give_finite_losses(head, case, dtype):
    extreme = torch.linspace(-3e4, 3e4, 2 * 6 * 12 * 16).reshape(2, 6, 12, 16)
    maps = extreme.to(dtype).requires_grad_()
    predictions = {
        "text_logits": maps[:, 0],
        "kernel_logits": maps[:, 1],
        "embedding": maps[:, 2:],
    }
    losses = head.loss(predictions, batch_of(*CASES[case]))
    sum(losses.values()).backward()
    assert all(torch.isfinite(v) for v in losses.values())
    assert torch.isfinite(maps.grad).all()


def test_the_loss_is_the_same_within_autocast(head):
    predictions, targets = head(torch.randn(2, 32, 12, 16)), batch_of(*CASES["text"])
    plain = head.loss(predictions, targets)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = head.loss(predictions, targets)
    assert all(found[name].item() == plain[name].item() for name in plain)


def test_all_parameters_learn_from_text(head):
    losses = head.loss(head(torch.randn(2, 32, 12, 16)), batch_of(*CASES["text"]))
    for name, channels in (("text", [0]), ("kernel", [1]), ("embedding", [2, 3, 4, 5])):
        (gradient,) = torch.autograd.grad(losses[f"loss_{name}"], head.maps.bias, retain_graph=True)
        learns = gradient.abs() > 0
        assert not learns[[i for i in range(6) if i not in channels]].any()
    sum(losses.values()).backward()
    # A bias before a batch norm changes nothing, so it learns nothing but rounding errors.
    learnt = [p for name, p in head.named_parameters() if name != "hidden.0.bias"]
    assert all(p.grad.abs().sum() > 1e-6 for p in learnt)


def test_the_loss_leaves_predictions_and_targets_alone(head):
    predictions, targets = head(torch.randn(2, 32, 12, 16)), batch_of(*CASES["text"])
    before = {k: v.clone() for k, v in (predictions | targets).items()}
    head.loss(predictions, targets)
    assert all(torch.equal(before[k], v) for k, v in (predictions | targets).items())


def test_ideal_predictions_cost_little(head):
    targets = batch_of(*CASES["text"])
    ideal = sum(head.loss(head.predictions_of(targets), targets).values())
    random = sum(head.loss(head(torch.randn(2, 32, 12, 16)), targets).values())
    assert ideal < 0.6 * random


def curved(width, height, centre, bend):
    """Return a word of 2 x 7 points (14, 2) bent by so many pixels, clockwise on the screen."""
    x = np.linspace(-width / 2, width / 2, 7)
    y = bend * (1 - (2 * x / width) ** 2)
    top = np.stack([x, y - height / 2], axis=1)
    bottom = np.stack([x, y + height / 2], axis=1)[::-1]
    return (np.concatenate([top, bottom]) + centre).astype(np.float32)


WORDS = {
    "straight": [rectangle(120, 40, (80, 40)), rectangle(90, 36, (90, 120))],
    "rotated": [rectangle(120, 48, (90, 50), 25), rectangle(100, 52, (90, 130), -40)],
    "curved": [curved(140, 40, (90, 50), -24), curved(140, 40, (90, 130), 24)],
    "touching": [rectangle(60, 40, (40, 40)), rectangle(60, 40, (100, 40)),
                 rectangle(120, 40, (70, 80))],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "output"),
    [(kind, "poly") for kind in WORDS] + [(kind, "quad") for kind in WORDS if kind != "curved"],
)
def test_words_survive_targets_and_decoding(kind, output):
    head = PANHead(8, 8, decode={"type": "PANDecoder", "output": output})
    words = WORDS[kind]
    targets = batch_of(words, size=(192, 192), count=1)
    (found,) = head.decode(head.predictions_of(targets), [np.eye(3)], [(192, 192)])
    assert len(found) == len(words)
    for word in words:
        assert max(iou(word, polygon) for polygon in found.polygons) >= 0.85
    assert all(signed_area(polygon) > 0 for polygon in found.polygons)


def test_decoding_cuts_off_the_padding_and_returns_to_the_original():
    head = PANHead(8, 8, decode=POLY)
    words = [rectangle(70, 36, (45, 24)), rectangle(70, 36, (60, 72))]
    predictions = head.predictions_of(batch_of(words, size=(96, 96)))
    matrix = np.diag([0.5, 0.25, 1.0])
    first, second = head.decode(predictions, [np.eye(3), matrix], [(96, 96), (50, 96)])
    assert (len(first), len(second)) == (2, 1)
    assert second.scores[0] == pytest.approx(1, abs=1e-3)
    assert iou(second.polygons[0], words[0] / [0.5, 0.25]) >= 0.85


def test_half_precision_predictions_are_decoded(head):
    predictions = head.eval()(torch.randn(2, 32, 12, 16))
    half = {name: p.detach().bfloat16() for name, p in predictions.items()}
    whole = {name: p.float() for name, p in half.items()}
    sizes, matrices = [SIZE] * 2, [np.eye(3)] * 2
    found, wanted = (head.decode(p, matrices, sizes) for p in (half, whole))
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a.scores, b.scores)


@pytest.mark.parametrize("backbone", ["ResNet", "TCM"])
def test_a_detector_learns_and_reads(backbone):
    torch.manual_seed(0)
    model = MODELS.build(detector(backbone, "panet"), "model")
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    losses = model.loss(images, batch_of([TEXT, OTHER], size=(64, 64)))
    assert ("loss_matching" in losses) == (backbone == "TCM")
    sum(losses.values()).backward()
    trained = [p.grad for p in model.parameters() if p.grad is not None]
    assert all(torch.isfinite(gradient).all() for gradient in trained)
    assert len(model.eval().predict(images, [np.eye(3)] * 2, [(64, 64)] * 2)) == 2


def test_its_parts_are_configurable_and_mistakes_are_named():
    parts = {"loss": {"type": "PANLoss", "text_weight": 2.0}, "decode": POLY}
    head = MODELS.build({"type": "PANHead", **parts}, in_channels=32)
    assert head.criterion.text_weight == 2.0
    assert head.decoder.outliner.output == "poly"
    with pytest.raises(ConfigError, match="model.head.loss.txet_weight"):
        PANHead(32, loss={"type": "PANLoss", "txet_weight": 1.0})
