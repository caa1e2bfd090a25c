import numpy as np
import pytest
import torch

from tcm.models.spotters.abcnet import losses
from tcm.models.spotters.abcnet.losses import ABCNetLoss, giou_loss, location_targets
from tests.conftest import oracle_file
from tests.models.spotters.abcnet.dense import LEVELS, OUTPUTS, maps_of, rows_of

LOSSES = {"cls": "cls", "bbox": "box", "centerness": "centerness", "bezier": "bezier"}


@pytest.fixture(scope="module")
def oracle():
    return np.load(oracle_file("abcnet/fcos_targets_losses.npz"))


def dense(learnt, values, predictions, stride):
    """Return values (B, M, K) on the map (B, K, h, w) of a level, 0 elsewhere."""
    sizes = [predictions[f"cls_{s}"].shape[-2:] for _, s in LEVELS]
    table = torch.zeros(len(values), sum(h * w for h, w in sizes), values.shape[2])
    index = learnt.index.unsqueeze(2).expand_as(values)
    table.scatter_add_(1, index, values * learnt.weight.unsqueeze(2))
    parts = table.split([h * w for h, w in sizes], dim=1)
    level = [s for _, s in LEVELS].index(stride)
    return parts[level].mT.unflatten(2, sizes[level])


def test_the_targets_of_mmocr(oracle):
    predictions = maps_of(oracle, "pred")
    rows, _ = rows_of(oracle)
    learnt = location_targets(predictions, rows)
    assert learnt.weight.sum() == int(oracle["num_pos"])
    assert learnt.centerness.sum().item() == pytest.approx(
        float(oracle["centerness_sum"]), rel=1e-5
    )
    for level, stride in LEVELS:
        box, bezier, centerness = (
            dense(learnt, values, predictions, stride)
            for values in (learnt.box, learnt.bezier, learnt.centerness.unsqueeze(2))
        )
        np.testing.assert_allclose(box, oracle[f"bbox_targets.{level}"], atol=1e-5)
        np.testing.assert_allclose(bezier, oracle[f"bezier_targets.{level}"], atol=1e-4)
        wanted = oracle[f"centerness_targets.{level}"]
        np.testing.assert_allclose(centerness[:, 0], wanted, atol=1e-5)


def test_the_losses_of_the_authors(oracle):
    predictions, (rows, _) = maps_of(oracle, "pred"), rows_of(oracle)
    found = ABCNetLoss()(predictions, rows)
    for theirs, ours in LOSSES.items():
        assert found[f"loss_{ours}"].item() == pytest.approx(
            float(oracle[f"loss.{theirs}"]), rel=1e-4
        )


def test_the_gradients_of_each_level(oracle):
    leaves = {name: m.requires_grad_() for name, m in maps_of(oracle, "pred").items()}
    sum(ABCNetLoss()(leaves, rows_of(oracle)[0]).values()).backward()
    for theirs, ours in OUTPUTS.items():
        found = [leaves[f"{ours}_{stride}"].grad.abs().sum().item() for _, stride in LEVELS]
        wanted = oracle[f"grad_abs_sum.{theirs}"]
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("case", "without"), [("half_empty", (1,)), ("empty", (0, 1))])
def test_images_without_text(oracle, case, without):
    leaves = {name: m.requires_grad_() for name, m in maps_of(oracle, "pred").items()}
    found = ABCNetLoss()(leaves, rows_of(oracle, without)[0])
    for theirs, ours in LOSSES.items():
        wanted = float(oracle[f"{case}.loss.{theirs}"])
        assert found[f"loss_{ours}"].item() == pytest.approx(wanted, rel=1e-4, abs=1e-7)
    sum(found.values()).backward()
    assert all(torch.isfinite(leaf.grad).all() for leaf in leaves.values())


def test_rows_of_padding_change_nothing(oracle):
    predictions, (rows, _) = maps_of(oracle, "pred"), rows_of(oracle)
    padded = {name: torch.cat([t, torch.zeros_like(t[:, :3])], dim=1) for name, t in rows.items()}
    for name, value in ABCNetLoss()(predictions, rows).items():
        torch.testing.assert_close(ABCNetLoss()(predictions, padded)[name], value)


def test_giou_of_boxes_worked_by_hand():
    target = torch.tensor([[1.0, 1, 1, 1]])
    same, none = target.clone(), torch.zeros(1, 4)
    wide = torch.tensor([[3.0, 1, 1, 1]])  # area 8, the target 4
    found = [giou_loss(b, target).item() for b in (same, none, wide)]
    assert found == pytest.approx([0, 1 - 1 / 5, 1 - 5 / 9])


def test_normalisers_are_means_over_the_processes(oracle, monkeypatch):
    predictions, (rows, _) = maps_of(oracle, "pred"), rows_of(oracle)
    alone = ABCNetLoss()(predictions, rows)
    distributed = losses.torch.distributed
    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(distributed, "get_world_size", lambda: 2)
    # The other process has three times as many locations.
    monkeypatch.setattr(distributed, "all_reduce", lambda tensor: tensor.mul_(4))
    for name, value in ABCNetLoss()(predictions, rows).items():
        torch.testing.assert_close(value, alone[name] / 2)
