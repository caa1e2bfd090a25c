import numpy as np
import pytest
import torch

from tcm.models.detectors.dbnet.losses import DBLoss
from tests.conftest import oracle_file

NAMES = {"loss_prob": "prob", "loss_thr": "thr", "loss_db": "db"}


@pytest.fixture(scope="module")
def oracle():
    data = np.load(oracle_file("heads/db_losses.npz"))
    keys = ("prob_logits", "thr_map", "binary_map")
    predictions = [torch.from_numpy(data[f"pred.{k}"].astype(np.float32)) for k in keys]
    names = {"shrink_map": "shrink", "shrink_mask": "shrink_mask", "thr_map": "thr",
             "thr_mask": "thr_mask"}  # fmt: skip
    targets = {ours: torch.from_numpy(data[f"gt.{theirs}"]) for ours, theirs in names.items()}
    weights = data["cfg.weights"].tolist()
    return data, DBLoss(*weights), predictions, targets


def test_losses_of_mmocr(oracle):
    data, loss, predictions, targets = oracle
    found = loss(*predictions, targets)
    for ours, theirs in NAMES.items():
        assert found[ours].item() == pytest.approx(float(data[f"loss.{theirs}"]), rel=1e-4)


def test_gradients_of_mmocr(oracle):
    data, loss, predictions, targets = oracle
    leaves = [p.clone().requires_grad_() for p in predictions]
    sum(loss(*leaves, targets).values()).backward()
    for leaf, name in zip(leaves, ("prob_logits", "thr_map", "binary_map"), strict=True):
        wanted = float(data[f"gradsum.{name}"])
        assert leaf.grad.abs().sum().item() == pytest.approx(wanted, rel=1e-3)


def test_an_image_without_text(oracle):
    data, loss, predictions, targets = oracle
    empty = {name: torch.zeros_like(target[:1]) for name, target in targets.items()}
    empty["shrink_mask"] += 1
    found = loss(*(p[:1] for p in predictions), empty)
    for ours, theirs in NAMES.items():
        assert found[ours].item() == pytest.approx(float(data[f"notext.loss.{theirs}"]), abs=1e-6)
