import numpy as np
import pytest
import torch

from tcm.models.detectors.fcenet.head import FCEHead
from tcm.models.detectors.fcenet.losses import FCELoss
from tests.conftest import oracle_file
from tests.models.detectors.fcenet.oracle import (
    batch_of,
    given_predictions,
    given_targets,
    maps_of,
)
from tests.oracle_polygons import rectangle


@pytest.fixture(scope="module")
def oracle():
    return np.load(oracle_file("heads/fcenet_losses.npz"))


def losses_of(predictions, targets, **options):
    head = FCEHead(4, loss={"type": "FCELoss", **options})
    return head.loss(predictions, targets)


def center_of(oracle, targets, level):
    """Return the loss of the centre on a level; MMOCR learns it on levels without text as well."""
    return float(oracle["perlevel.center_intended"][level]) * bool(targets[f"text_{level}"].any())


def small_case(polygons, ignored=None):
    """Return random logits and signatures of one level, and its targets."""
    torch.manual_seed(0)
    targets = batch_of(maps_of(polygons, (64, 96), ignored, level_ranges=((0, 1),) * 3))
    return torch.randn(1, 4, 8, 12), torch.randn(1, 22, 8, 12), targets


def test_the_losses_are_those_of_mmocr(oracle):
    targets = given_targets(oracle)
    found = losses_of(given_predictions(oracle), targets, fallback_negatives=0)
    for name in ("text", "reg_x", "reg_y"):
        assert found[f"loss_{name}"].item() == pytest.approx(oracle[f"loss.{name}"], rel=1e-4)
    wanted = sum(center_of(oracle, targets, level) for level in range(3))
    assert found["loss_center"].item() == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_the_losses_of_each_level_are_those_of_mmocr(oracle, level):
    given, targets = given_predictions(oracle), given_targets(oracle)
    loss = FCELoss(fallback_negatives=0)
    found = loss(given[f"cls_{level}"], given[f"reg_{level}"], targets, level)
    for name in ("text", "reg_x", "reg_y"):
        wanted = oracle[f"perlevel.{name}"][level]
        assert found[f"loss_{name}"].item() == pytest.approx(wanted, rel=1e-4)
    wanted = center_of(oracle, targets, level)
    assert found["loss_center"].item() == pytest.approx(wanted, rel=1e-4)


def test_the_losses_without_text_are_those_of_mmocr(oracle):
    targets = batch_of(maps_of([], oracle["size"]))
    given = {name: p[:1] for name, p in given_predictions(oracle).items()}
    found = losses_of(given, targets, fallback_negatives=0)
    assert found["loss_text"].item() == oracle["notext.text_DEFECT"]
    assert found["loss_reg_x"].item() == found["loss_reg_y"].item() == oracle["notext.reg"]


def test_without_text_the_worst_negatives_are_learnt_and_no_centre():
    logits, signatures, targets = small_case([])
    found = FCELoss(fallback_negatives=5)(logits, signatures, targets, 0)
    entropy = torch.nn.functional.softplus(logits[:, 1] - logits[:, 0]).flatten()
    wanted = entropy.sort(descending=True).values[:5].mean()
    torch.testing.assert_close(found["loss_text"], wanted)
    assert found["loss_center"].item() == 0


def test_ignored_pixels_are_no_centre_and_do_not_count_for_the_text():
    box = rectangle(24, 24, (24, 32))
    other = rectangle(24, 24, (72, 32))
    logits, signatures, targets = small_case([box, other], np.array([False, True]))
    changed = logits.clone()
    changed[:, :, targets["mask_0"][0] == 0] += torch.tensor([0.0, 7.0, 0.0, 7.0])[:, None]
    first, second = (FCELoss()(maps, signatures, targets, 0) for maps in (logits, changed))
    assert torch.equal(first["loss_text"], second["loss_text"])
    assert second["loss_center"] > first["loss_center"]


def test_the_centre_counts_twice_in_the_regression():
    box = rectangle(60, 40, (48, 32))
    _, _, targets = small_case([box])
    wanted = targets["fourier_0"]
    loss = FCELoss()
    logits = torch.zeros(1, 4, 8, 12)
    found = []
    for name in ("center_0", "text_0"):
        inside = targets[name] > 0
        if name == "text_0":
            inside &= targets["center_0"] == 0
        moved = wanted.clone()
        moved[0, 5][inside[0]] += 3.0  # all points of these outlines, to the right
        losses = loss(logits, moved, targets, 0)
        assert losses["loss_reg_y"].item() == 0
        found.append(losses["loss_reg_x"].item() / inside.sum().item())
    assert found[0] == pytest.approx(2 * found[1], rel=1e-5)
    assert found[1] == pytest.approx(0.5 * 2.5 / targets["text_0"].sum().item(), rel=1e-5)


def test_ideal_predictions_cost_next_to_nothing():
    head = FCEHead(4)
    targets = batch_of(maps_of([rectangle(60, 40, (48, 32))], (64, 96)))
    assert sum(head.loss(head.predictions_of(targets), targets).values()).item() < 1e-3


def test_the_regression_is_the_mean_over_the_pixels_of_texts():
    boxes = [rectangle(24, 24, (24, 32)), rectangle(24, 24, (72, 32))]
    logits, signatures, targets = small_case(boxes, np.array([False, True]))
    signatures[:, :, targets["text_0"][0] == 0] = torch.nan  # whatever stands elsewhere
    loss = FCELoss()
    signatures.requires_grad_()
    found = loss(logits, signatures, targets, 0)
    inside = (targets["text_0"] > 0) & (targets["mask_0"] > 0)
    weight = 0.5 + 0.5 * (targets["center_0"][inside] > 0).float()
    points = [m.movedim(1, -1)[inside] @ loss.basis for m in (signatures, targets["fourier_0"])]
    distance = torch.nn.functional.smooth_l1_loss(*points, reduction="none") * weight[:, None]
    for name, part in zip(("loss_reg_x", "loss_reg_y"), distance.chunk(2, dim=1), strict=True):
        torch.testing.assert_close(found[name], part.mean(), rtol=1e-5, atol=0)
    (slope,) = torch.autograd.grad(found["loss_reg_x"] + found["loss_reg_y"], signatures)
    assert torch.isfinite(slope).all() and slope.movedim(1, -1)[inside].any()
