import numpy as np
import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.detectors.dbnet.head import DBHead, approximate_step
from tcm.models.detectors.dbnet.targets import DBTargets
from tcm.registry import MODELS
from tcm.structures import Sample, TextInstances
from tests.oracle_polygons import rectangle

SIZE = (48, 64)
TEXT = rectangle(40, 16, (32, 24), 10)
CASES = {
    "text": ([TEXT], None),
    "no text": ([], None),
    "only ignored text": ([TEXT], np.array([True])),
}


def batch_of(case, count=2):
    polygons, ignored = CASES[case]
    image = np.zeros((*SIZE, 3), np.uint8)
    sample = Sample(image, case, TextInstances(polygons, ignored=ignored))
    maps = DBTargets()(sample, np.random.default_rng(0)).maps
    return {name: torch.from_numpy(np.stack([m] * count)) for name, m in maps.items()}


@pytest.fixture
def head():
    torch.manual_seed(0)
    return DBHead(32)


def test_training_predicts_two_maps_at_full_resolution_and_eval_one(head):
    feature = torch.randn(2, 32, 12, 16)
    shapes = {name: tuple(p.shape) for name, p in head(feature).items()}
    assert shapes == {"prob_logits": (2, *SIZE), "thr_logits": (2, *SIZE)}
    assert list(head.eval()(feature)) == ["prob_logits"]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_losses_and_gradients_are_finite(head, case, dtype):
    feature = torch.randn(2, 32, 12, 16)
    with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
        losses = head.loss(head(feature), batch_of(case))
    assert set(losses) == {"loss_prob", "loss_thr", "loss_db"}
    assert all(v.dtype == torch.float32 and v.ndim == 0 for v in losses.values())
    total = sum(losses.values())
    total.backward()
    assert torch.isfinite(total)
    assert all(torch.isfinite(p.grad).all() for p in head.parameters())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_extreme_half_precision_logits_give_finite_losses(head, dtype):
    logits = torch.linspace(-3e4, 3e4, 2 * 48 * 64).reshape(2, *SIZE).to(dtype).requires_grad_()
    losses = head.loss({"prob_logits": logits, "thr_logits": logits.flip(1)}, batch_of("text"))
    sum(losses.values()).backward()
    assert all(torch.isfinite(v) for v in losses.values())
    assert torch.isfinite(logits.grad).all()


def test_the_criterion_runs_in_float32_without_autocast(head):
    seen = []

    def probe(*maps_and_targets):
        seen.append(torch.is_autocast_enabled("cpu"))
        seen.extend(m.dtype for m in maps_and_targets[:3])
        return {}

    head.criterion = torch.nn.Identity()
    head.criterion.forward = probe
    with torch.autocast("cpu", dtype=torch.bfloat16):
        head.loss(head(torch.randn(2, 32, 12, 16)), batch_of("text"))
    assert seen == [False] + [torch.float32] * 3


def test_all_parameters_learn_from_text(head):
    head.loss(head(torch.randn(2, 32, 12, 16)), batch_of("text"))["loss_prob"].backward()
    # The threshold branch learns nothing from the probability's loss.
    assert all(p.grad is None for p in head.threshold.parameters())
    losses = head.loss(head(torch.randn(2, 32, 12, 16)), batch_of("text"))
    sum(losses.values()).backward()
    assert all(p.grad.abs().sum() > 0 for p in head.parameters())


def test_the_loss_leaves_predictions_and_targets_alone(head):
    predictions, targets = head(torch.randn(2, 32, 12, 16)), batch_of("text")
    before = {k: v.clone() for k, v in (predictions | targets).items()}
    head.loss(predictions, targets)
    assert all(torch.equal(before[k], v) for k, v in (predictions | targets).items())


def test_approximate_step():
    found = approximate_step(torch.tensor([0.5, 0.52]), torch.tensor([0.5, 0.5]), 50.0)
    torch.testing.assert_close(found, torch.tensor([0.5, 1 / (1 + np.exp(-1.0))]).float())


def test_decoding_cuts_off_the_padding_and_returns_to_the_original(head):
    logits = torch.full((2, *SIZE), -9.0)
    logits[:, 10:20, 5:30] = 9.0
    logits[:, 30:46, 40:60] = 9.0
    matrix = np.diag([0.5, 0.25, 1.0])
    first, second = head.decode({"prob_logits": logits}, [np.eye(3), matrix], [SIZE, (28, 64)])
    assert len(first) == 2
    assert len(second) == 1
    assert second.scores[0] == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(second.polygons[0].mean(axis=0), [34, 58], atol=1e-3)


def test_its_parts_are_configurable_and_mistakes_are_named():
    parts = {"loss": {"type": "DBLoss", "thr_weight": 1.0}, "decode": {"type": "DBDecoder",
             "output": "poly"}}  # fmt: skip
    head = MODELS.build({"type": "DBHead", **parts}, in_channels=32)
    assert head.criterion.thr_weight == 1.0
    assert head.decoder.output == "poly"
    with pytest.raises(ConfigError, match="model.head.loss.thr_wieght"):
        DBHead(32, loss={"type": "DBLoss", "thr_wieght": 1.0})
