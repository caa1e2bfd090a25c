import numpy as np
import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.detectors.fcenet.decode import FCEDecoder
from tcm.models.detectors.fcenet.head import FCEHead
from tcm.registry import MODELS
from tcm.structures import TextInstances
from tests.models.detectors.fcenet.oracle import batch_of, maps_of
from tests.oracle_polygons import iou, rectangle

SIZE = (64, 96)
TEXT = rectangle(50, 24, (48, 32), 10)
SMALL = rectangle(20, 16, (20, 50))
CASES = {
    "text": ([TEXT, SMALL], None),
    "no text": ([], None),
    "only ignored text": ([TEXT, SMALL], np.array([True, True])),
}


def targets_of(case, count=2):
    polygons, ignored = CASES[case]
    return batch_of(*[maps_of(polygons, SIZE, ignored)] * count)


def levels(width=16):
    return tuple(torch.randn(2, width, SIZE[0] // s, SIZE[1] // s) for s in (8, 16, 32))


@pytest.fixture
def head():
    torch.manual_seed(0)
    return FCEHead(16)


def test_every_level_gets_four_logits_and_a_signature():
    shapes = {n: tuple(p.shape) for n, p in FCEHead(16, degree=3)(levels()).items()}
    sides = [(8, 12), (4, 6), (2, 3)]
    wanted = {f"cls_{i}": (2, 4, *side) for i, side in enumerate(sides)}
    assert shapes == wanted | {f"reg_{i}": (2, 14, *side) for i, side in enumerate(sides)}


def test_it_starts_near_zero_without_bias(head):
    assert all(0.009 < p.std() < 0.011 for n, p in head.named_parameters() if "weight" in n)
    assert not any(p.any() for n, p in head.named_parameters() if "bias" in n)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_losses_and_gradients_are_finite(head, case, dtype):
    with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
        losses = head.loss(head(levels()), targets_of(case))
    assert set(losses) == {"loss_text", "loss_center", "loss_reg_x", "loss_reg_y"}
    assert all(v.dtype == torch.float32 and v.ndim == 0 for v in losses.values())
    total = sum(losses.values())
    total.backward()
    assert torch.isfinite(total)
    assert all(torch.isfinite(p.grad).all() for p in head.parameters())
    if case == "text":
        assert all(p.grad.abs().sum() > 0 for p in head.parameters())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("case", CASES)
def test_extreme_half_precision_predictions_give_finite_losses(head, case, dtype):
    predictions = {
        name: torch.linspace(-3e4, 3e4, p.numel()).reshape(p.shape).to(dtype).requires_grad_()
        for name, p in head(levels()).items()
    }
    losses = head.loss(predictions, targets_of(case))
    sum(losses.values()).backward()
    assert all(torch.isfinite(v) for v in losses.values())
    assert all(torch.isfinite(p.grad).all() for p in predictions.values())


@pytest.mark.parametrize("loss", [None, {"type": "FCELoss"}])
def test_another_degree_reaches_the_loss_and_the_decoder(loss):
    head = FCEHead(16, degree=2, loss=loss)
    polygon = rectangle(24, 16, (24, 24))
    targets = batch_of(maps_of([polygon], SIZE, degree=2))
    predictions = head.predictions_of(targets)
    assert sum(head.loss(predictions, targets).values()).item() < 1e-3
    (found,) = head.decode(predictions, [np.eye(3)], [SIZE])[0].polygons
    assert iou(found, polygon) > 0.8


def test_the_loss_leaves_predictions_and_targets_alone(head):
    predictions, targets = head(levels()), targets_of("text")
    before = {k: v.clone() for k, v in (predictions | targets).items()}
    head.loss(predictions, targets)
    head.decode(predictions, [np.eye(3)] * 2, [SIZE] * 2)
    assert all(torch.equal(before[k], v) for k, v in (predictions | targets).items())


def test_decoding_cuts_off_the_padding_and_returns_to_the_original(head):
    polygons = [rectangle(24, 16, (24, 24)), rectangle(24, 16, (72, 40))]
    predictions = head.predictions_of(batch_of(*[maps_of(polygons, SIZE)] * 2))
    matrix = np.diag([0.5, 0.25, 1.0])
    first, second = head.decode(predictions, [np.eye(3), matrix], [SIZE, (64, 44)])
    assert len(first) == 2
    (found,) = second.polygons
    assert iou(found * [0.5, 0.25], polygons[0]) > 0.85
    assert second.scores[0] == pytest.approx(1, abs=1e-3)


class _Counting(FCEDecoder):
    """Counts the centres in the first level that it is shown."""

    def __init__(self, seen):
        super().__init__()
        self.seen = seen

    def __call__(self, levels, matrix):
        self.seen.append((levels[0][0][1] > 0.5).sum())
        return TextInstances()


def test_a_padding_that_no_stride_divides_keeps_the_pixels_within(head):
    predictions = head.predictions_of(batch_of(maps_of([rectangle(24, 16, (24, 24))], SIZE)))
    center = predictions["cls_0"][0, 3] > 0
    last = int(center.nonzero()[:, 1].max())
    for width, count in ((last * 8 + 1, center.sum()), (last * 8, center[:, :last].sum())):
        seen = []
        head.decoder = _Counting(seen)
        head.decode(predictions, [np.eye(3)], [(64, width)])
        assert seen == [count]


def test_its_parts_are_configurable_and_mistakes_are_named():
    parts = {"loss": {"type": "FCELoss", "num_points": 20},
             "decode": {"type": "FCEDecoder", "output": "quad"}}  # fmt: skip
    head = MODELS.build({"type": "FCEHead", **parts}, in_channels=16)
    assert head.criterion.basis.shape == (22, 40)
    assert head.decoder.output == "quad"
    with pytest.raises(ConfigError, match="model.head.loss.num_piont"):
        FCEHead(16, loss={"type": "FCELoss", "num_piont": 20})
