"""Every method on every backbone: it learns, decodes and stays finite, whatever the image shows."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tcm.registry import MODELS
from tests.models.tiny import BACKBONES, METHODS, detector, targets

SIZE = (96, 96)
QUAD = [[16, 16], [80, 16], [80, 48], [16, 48]]
CURVE = [[8, 20], [40, 8], [88, 20], [88, 40], [40, 30], [8, 40]]
CASES = {
    "text": ([QUAD], [False]),
    "curved and ignored text": ([CURVE, QUAD], [False, True]),
    "no text": ([], []),
    "only ignored text": ([QUAD], [True]),
}
DTYPES = [torch.float32, torch.bfloat16, torch.float16]
_SPLIT = [(name, method) for method in METHODS for name in BACKBONES]
MODELS_FOLDER = Path(__file__).resolve().parents[2] / "tcm/models"


def _images():
    return torch.from_numpy(
        np.random.default_rng(0).integers(0, 256, (2, 3, *SIZE), dtype=np.uint8)
    )


def test_every_method_is_here():
    heads = [*MODELS_FOLDER.glob("detectors/*/head.py"), *MODELS_FOLDER.glob("spotters/*/head.py")]
    assert heads
    assert set(METHODS) == {path.parent.name for path in heads}


@pytest.fixture(scope="module", params=_SPLIT, ids="-".join)
def built(request):
    name, method = request.param
    torch.manual_seed(0)
    return MODELS.build(detector(name, method), "model"), method


# Half precision without ResNet, of which torchvision has no narrow one: seconds on many processors.
KINDS = [
    pytest.param(split, dtype, id=f"{'-'.join(split)}-{dtype}")
    for split in _SPLIT
    for dtype in DTYPES
    if dtype == torch.float32 or split[0] != "ResNet"
]


@pytest.mark.parametrize(("built", "dtype"), KINDS, indirect=["built"])
@pytest.mark.parametrize("case", CASES)
def test_losses_and_gradients_are_finite(built, case, dtype):
    model, method = built
    model.train()
    with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
        losses = model.loss(_images(), targets(*CASES[case], *SIZE, method))
    prompted = hasattr(model.backbone, "matching")
    assert set(losses) == METHODS[method].LOSSES | ({"loss_matching"} if prompted else set())
    assert all(loss.ndim == 0 and loss.dtype == torch.float32 for loss in losses.values())
    total = sum(losses.values())
    model.zero_grad()
    total.backward()
    assert torch.isfinite(total)
    gradients = {n: p.grad for n, p in model.named_parameters() if p.requires_grad}
    assert not [n for n, g in gradients.items() if g is None or not torch.isfinite(g).all()]


def test_predictions_have_scores_and_polygons_of_the_original_image(built):
    model, _ = built
    model.eval()
    for found in model.predict(_images(), [np.eye(3), np.diag([0.5, 0.5, 1])], [SIZE, (48, 72)]):
        assert len(found.scores) == len(found.polygons)
        assert all(np.isfinite(p).all() and len(p) >= 4 for p in found.polygons)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("method", METHODS)
def test_what_is_drawn_is_decoded_in_original_coordinates(method, case):
    head = MODELS.build(METHODS[method].HEAD, "head", in_channels=16).eval()
    polygons, ignored = CASES[case]
    maps = targets([np.float32(p) for p in polygons], ignored, *SIZE, method)
    shrink = np.diag([0.5, 0.25, 1.0])
    first, second = head.decode(head.predictions_of(maps), [np.eye(3), shrink], [SIZE, SIZE])
    if case == "text":  # what is ignored may be drawn as well: the mask leaves it out
        assert len(first) == len(second) == 1
        wanted = np.float32([QUAD[0], QUAD[2]])
        ends = np.stack([first.polygons[0].min(0), first.polygons[0].max(0)])
        np.testing.assert_allclose(ends, wanted, atol=4)
        expected = np.sort(first.polygons[0] / [0.5, 0.25], 0)
        np.testing.assert_allclose(np.sort(second.polygons[0], 0), expected, rtol=1e-4)
    if case == "no text":
        assert len(first) == len(second) == 0


@pytest.mark.parametrize("method", METHODS)
def test_padding_is_not_decoded(method):
    head = MODELS.build(METHODS[method].HEAD, "head", in_channels=16).eval()
    far = np.float32([[32, 32], [88, 32], [88, 64], [32, 64]])
    predictions = head.predictions_of(targets([far], [False], *SIZE, method))
    whole = head.decode(predictions, [np.eye(3)] * 2, [SIZE] * 2)
    assert [len(found) for found in whole] == [1, 1]
    nothing = head.decode(predictions, [np.eye(3)] * 2, [(12, 96), (96, 12)])
    assert [len(found) for found in nothing] == [0, 0]


@pytest.mark.parametrize("method", METHODS)
def test_targets_leave_the_sample_alone(method):
    polygon = np.float32(CURVE)
    before = polygon.copy()
    targets([polygon], [False], *SIZE, method)
    assert np.array_equal(polygon, before)
