import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tcm.errors import ConfigError
from tcm.models.detectors.psenet.losses import PSELoss
from tcm.models.losses import hard_negative_mask
from tests.conftest import oracle_file


@pytest.fixture(scope="module")
def oracle():
    data = np.load(oracle_file("heads/psenet_losses.npz"))
    kernels = torch.from_numpy((data["gt.kernels"] > 0).astype(np.uint8))
    mask = torch.from_numpy(data["gt.mask"])
    targets = {"text_map": kernels[:, 0], "kernel_maps": kernels[:, 1:], "text_mask": mask}
    return data, torch.from_numpy(data["pred"].astype(np.float32)), targets


def test_the_hard_negatives_are_those_of_mmocr(oracle):
    data, logits, targets = oracle
    text = F.interpolate(logits[:, :1], data["size"].tolist(), mode="bilinear")[:, 0]
    found = hard_negative_mask(text, targets["text_map"], targets["text_mask"]).numpy()
    assert (found != (data["ohem_mask"] > 0)).sum() <= 2  # rounding at the threshold


def test_losses_and_gradients_of_mmocr(oracle):
    data, logits, targets = oracle
    leaf = logits.clone().requires_grad_()
    losses = PSELoss()(leaf, targets)
    for name in ("text", "kernel"):
        wanted = float(data[f"adaptive.loss.{name}"])
        assert losses[f"loss_{name}"].item() == pytest.approx(wanted, rel=1e-4)
    sum(losses.values()).backward()
    wanted = float(data["adaptive.gradsum.pred"])
    assert leaf.grad.abs().sum().item() == pytest.approx(wanted, rel=1e-3)


def test_an_image_without_text(oracle):
    data, logits, targets = oracle
    empty = {name: torch.zeros_like(target[:1]) for name, target in targets.items()}
    empty["text_mask"] += 1
    losses = PSELoss()(logits[:1], empty)
    for name in ("text", "kernel"):
        wanted = float(data[f"adaptive.notext.loss.{name}"])
        assert losses[f"loss_{name}"].item() == pytest.approx(wanted, rel=1e-4)


def test_kernels_count_where_text_is_predicted():
    """Kernels predicted outside the text cost nothing where no text is predicted."""
    text = torch.zeros(1, 8, 8)
    text[:, :4] = 1
    targets = {"text_map": text, "kernel_maps": text[:, None], "text_mask": torch.ones(1, 8, 8)}
    logits = torch.stack([2 * text - 1, torch.ones(1, 8, 8)], dim=1) * 20
    assert PSELoss()(logits, targets)["loss_kernel"] < 1e-3
    everywhere = logits.clone()
    everywhere[:, 0] = 20
    found = PSELoss()(everywhere, targets)["loss_kernel"].item()
    assert found == pytest.approx(0.3 * (1 - 2 * 32 / (64 + 32)), rel=1e-3)


def test_the_weights_share_one():
    targets = {"text_map": torch.zeros(1, 8, 8), "kernel_maps": torch.zeros(1, 2, 8, 8),
               "text_mask": torch.ones(1, 8, 8)}  # fmt: skip
    losses = PSELoss(text_weight=0.4)(torch.zeros(1, 3, 2, 2), targets)
    assert losses["loss_text"].item() == pytest.approx(0.4, rel=1e-3)
    assert losses["loss_kernel"].item() == pytest.approx(0.6, rel=1e-3)


def test_another_number_of_kernels_is_named(oracle):
    _, logits, targets = oracle
    with pytest.raises(ConfigError, match="num_kernels is"):
        PSELoss()(logits[:, :-1], targets)


def test_wrong_options_are_config_errors():
    with pytest.raises(ConfigError, match="text_weight"):
        PSELoss(text_weight=1.5)
