import json
import math

import numpy as np
import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.prompting.matching_loss import MatchingLoss
from tcm.registry import MODELS
from tests.conftest import oracle_file


@pytest.fixture(scope="module")
def oracle():
    return np.load(oracle_file("tcm/6_aux_identity_loss.npz"))


def cases(data):
    """Return (case, loss, wanted value), without the value of the released slip."""
    found = []
    for key in data:
        if key.startswith("out.") and "BUGGY" not in key:
            _, case, name = key.split(".")
            found.append((case, "dice" if "dice" in name else "bce", float(data[key])))
    return found


def inputs(data, case):
    logits = torch.from_numpy(data[f"in.{case}.logits"])
    names = {"shrink_map": "gt_shrink", "shrink_mask": "gt_shrink_mask"}
    return logits, {k: torch.from_numpy(data[f"in.{case}.{v}"]) for k, v in names.items()}


def test_values_of_the_released_loss_without_its_slip(oracle):
    config = json.loads(str(oracle["config"]))
    wanted = cases(oracle)
    assert {loss for _, loss, _ in wanted} == {"bce", "dice"}
    for case, loss, value in wanted:
        module = MatchingLoss(
            upsample=config["upsampling"], loss=loss, negative_ratio=config["negative_ratio"]
        )
        assert module(*inputs(oracle, case)).item() == pytest.approx(value, abs=1e-5)


def targets_of(text, valid=1, size=(64, 96)):
    return {
        "shrink_map": torch.full((2, *size), text, dtype=torch.uint8),
        "shrink_mask": torch.full((2, *size), valid, dtype=torch.uint8),
    }


@pytest.mark.parametrize("loss", ["bce", "dice"])
def test_images_of_a_batch_do_not_mix(loss):
    torch.manual_seed(0)
    logits = torch.randn(2, 1, 2, 3)
    text = torch.zeros(2, 64, 96)
    text[0, :32] = 1
    mask = torch.ones(2, 64, 96)
    mask[1] = 0
    module = MatchingLoss(loss=loss)
    both = module(logits, {"shrink_map": text, "shrink_mask": mask})
    alone = module(logits[:1], {"shrink_map": text[:1], "shrink_mask": mask[:1]})
    assert both.item() == pytest.approx(alone.item(), abs=1e-6)


@pytest.mark.parametrize("loss", ["bce", "dice", "mined_dice"])
@pytest.mark.parametrize(("text", "valid"), [(0, 1), (1, 0), (3, 1)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_it_is_finite_and_differentiable(loss, text, valid, dtype):
    logits = (20 * torch.randn(2, 1, 2, 3)).to(dtype).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype != torch.float32):
        value = MatchingLoss(loss=loss)(logits, targets_of(text, valid))
    value.backward()
    assert value.dtype == torch.float32
    assert torch.isfinite(value)
    assert torch.isfinite(logits.grad).all()


def test_weight_names_and_no_enlargement():
    config = {"type": "MatchingLoss", "map": "region", "mask": "valid", "upsample": 1}
    logits = torch.randn(2, 1, 4, 4)
    targets = {"region": torch.ones(2, 4, 4), "valid": torch.ones(2, 4, 4)}
    single = MODELS.build(config)(logits, targets)
    wanted = torch.nn.functional.softplus(-logits).mean()
    assert single.item() == pytest.approx(wanted.item(), rel=1e-5)
    double = MODELS.build({**config, "weight": 2.0})(logits, targets)
    assert double.item() == pytest.approx(2 * single.item())


@pytest.mark.parametrize("loss", ["bce", "dice", "mined_dice"])
def test_every_class_meets_the_same_target(loss):
    logits = torch.randn(2, 1, 2, 3)
    targets = targets_of(1)
    many = MatchingLoss(loss=loss)(logits.expand(-1, 3, -1, -1), targets)
    single = MatchingLoss(loss=loss)(logits, targets)
    assert many.item() == pytest.approx(single.item(), abs=1e-5)


def test_mined_dice_of_one_text_pixel_and_its_worst_negative():
    logits = torch.tensor([0.0, math.log(3), -math.log(3), 0.5]).view(1, 1, 1, 4)
    targets = {"text_map": torch.tensor([[[7, 0, 0, 0]]]), "text_mask": torch.ones(1, 1, 4)}
    config = {"map": "text_map", "mask": "text_mask", "upsample": 1, "loss": "mined_dice"}
    found = MatchingLoss(**config, negative_ratio=1.0, weight=3.0)(logits, targets)
    # The text pixel has p = 1/2, the one negative kept 3/4.
    wanted = 1 - 2 * 0.5 / (0.5**2 + 0.75**2 + 0.001 + 1 + 0.001)
    assert found.item() == pytest.approx(3 * wanted, rel=1e-6)


def test_mined_dice_against_a_loop_over_images_and_classes():
    torch.manual_seed(1)
    logits = torch.randn(3, 2, 8, 9)
    text, mask = torch.rand(3, 8, 9) > 0.85, torch.rand(3, 8, 9) > 0.1
    text[2] = False
    values = []
    for image in range(3):
        for score in logits[image]:
            kept = min(3 * int((text & mask)[image].sum()), int((~text[image]).sum()))
            mined = mask[image].clone()
            if kept:
                least = score[~text[image]].sort(descending=True).values[kept - 1]
                mined &= text[image] | (score >= least)
            p, t = score.sigmoid()[mined], text[image][mined].float()
            values.append(1 - 2 * (p * t).sum() / ((p * p).sum() + (t * t).sum() + 0.002))
    targets = {"shrink_map": text, "shrink_mask": mask}
    found = MatchingLoss(upsample=1, loss="mined_dice")(logits, targets)
    assert found.item() == pytest.approx(torch.stack(values).mean().item(), rel=1e-5)


def test_mistakes_are_named():
    with pytest.raises(ConfigError, match="'bce', 'dice', 'mined_dice' or 'plain_bce'"):
        MatchingLoss(loss="ce")
    with pytest.raises(ConfigError, match="did you mean 'shrink_map'"):
        MatchingLoss(map="shrinkmap")(torch.randn(2, 1, 2, 3), targets_of(1))
    with pytest.raises(ConfigError, match="larger than"):
        MatchingLoss(upsample=1)(torch.randn(2, 1, 2, 3), targets_of(1))


def test_classes_are_compared_where_any_of_them_is():
    data = np.load(oracle_file("rotated/matching_loss.npz"))
    logits, targets = (torch.from_numpy(data[key]) for key in ("logits", "targets"))
    module = MatchingLoss("class_map", None, None, "plain_bce")
    found = module(logits, {"class_map": targets})
    assert found.item() == pytest.approx(float(data["loss"]), rel=1e-5)


def test_without_objects_the_loss_of_classes_is_0():
    logits = torch.randn(2, 3, 2, 2, requires_grad=True)
    module = MatchingLoss("class_map", None, None, "plain_bce")
    loss = module(logits, {"class_map": torch.zeros(2, 3, 8, 8, dtype=torch.uint8)})
    loss.backward()
    assert loss.item() == 0 and logits.grad.abs().sum() == 0


def test_of_one_class_a_map_with_and_without_its_axis_are_one():
    text = (torch.rand(2, 64, 96) > 0.5).to(torch.uint8)
    logits = torch.randn(2, 1, 2, 3)
    mask = {"shrink_mask": torch.ones(2, 64, 96)}
    module = MatchingLoss()
    flat = module(logits, {"shrink_map": text, **mask})
    assert flat == module(logits, {"shrink_map": text[:, None], **mask})


def test_maps_of_other_classes_than_the_prompts_are_refused():
    module = MatchingLoss("class_map", None, None, "plain_bce")
    with pytest.raises(ConfigError, match="of 4 classes, the score map of 3 prompts"):
        module(torch.randn(1, 3, 2, 2), {"class_map": torch.ones(1, 4, 8, 8)})
