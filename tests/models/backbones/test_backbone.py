"""Frozen stages and frozen batch norms, on every backbone."""

import copy
import pickle

import pytest
import torch

from tcm.engine.optimizers import parameter_groups
from tcm.errors import ConfigError
from tcm.registry import MODELS
from tests.models.tiny import BACKBONES, detector, targets

STEM = {
    "ResNet": ("conv1", "bn1"),
    "CLIPResNet": ("conv1", "bn1", "conv2", "bn2", "conv3", "bn3"),
}
STEM["TCM"] = STEM["FastTCM"] = STEM["CLIPResNet"]


def _build(name, **changes):
    torch.manual_seed(0)
    return MODELS.build({**BACKBONES[name], **changes}, "model.backbone")


def _step(model):
    """Train a step after setting the flags as Lightning does, and return what has changed."""
    before = copy.deepcopy(model.state_dict())
    for module in model.modules():
        module.training = True
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.1)
    sum(level.square().mean() for level in model(torch.randn(2, 3, 64, 64)).levels).backward()
    optimizer.step()
    return {n for n, t in model.state_dict().items() if not torch.equal(t, before[n])}


def _under(name, parts):
    return any(name.startswith(f"trunk.{part}.") for part in parts)


@pytest.mark.parametrize("stages", [-1, 0, 2])
@pytest.mark.parametrize("name", BACKBONES)
def test_frozen_stages_stay_as_they_are_and_the_others_learn(name, stages):
    model = _build(name, frozen_stages=stages)
    parts = ([*STEM[name], *(f"layer{i}" for i in range(1, stages + 1))]) if stages >= 0 else []
    changed = _step(model)
    assert not [n for n in changed if _under(n, parts)]
    statistics = {n for n in model.state_dict() if "running" in n and not _under(n, parts)}
    assert statistics and statistics <= changed
    frozen = {n for n, p in model.named_parameters() if not p.requires_grad}
    assert {n for n in frozen if n.startswith("trunk.")} == {
        n for n, _ in model.named_parameters() if _under(n, parts)
    }
    assert not [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]


@pytest.mark.parametrize("name", BACKBONES)
def test_norm_eval_normalises_in_training_as_in_testing(name):
    model = _build(name, norm_eval=True, norm_requires_grad=False)
    images = torch.randn(2, 3, 64, 64)
    trained = model.train().trunk(images)
    tested = model.eval().trunk(images)
    for a, b in zip(_levels(trained), _levels(tested), strict=True):
        assert torch.equal(a, b)
    changed = _step(model)
    norms = [n for n, m in model.trunk.named_modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms
    assert not [n for n in changed if _under(n, norms)]
    assert "trunk.conv1.weight" in changed


@pytest.mark.parametrize("name", BACKBONES)
def test_norm_eval_alone_trains_weights_and_biases(name):
    changed = _step(_build(name, norm_eval=True))
    assert not [n for n in changed if "running" in n or "num_batches" in n]
    assert "trunk.bn1.weight" in changed and "trunk.bn1.bias" in changed


def _levels(maps):
    return list(maps.values()) if isinstance(maps, dict) else maps


@pytest.mark.parametrize("name", BACKBONES)
def test_freezing_changes_no_name(name):
    assert list(_build(name).state_dict()) == list(
        _build(name, frozen_stages=1, norm_eval=True, norm_requires_grad=False).state_dict()
    )


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_is_frozen_as_well(copied):
    """Averaged weights are those of a copy, and spawned processes get one."""
    model = copied(_build("FastTCM", frozen_stages=1))
    assert not [n for n in _step(model) if _under(n, [*STEM["FastTCM"], "layer1"])]


def test_a_frozen_detector_learns_and_is_deployed():
    config = detector("FastTCM")
    config["backbone"] = {**BACKBONES["FastTCM"], "frozen_stages": 1, "norm_eval": True}
    model = MODELS.build(config, "model").train()
    groups = parameter_groups(model, 0.1, {"backbone.trunk": 0.1})
    grouped = {id(p) for group in groups for p in group["params"]}
    assert grouped == {id(p) for p in model.parameters() if p.requires_grad}
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    sum(model.loss(images, targets([], [], 64, 64)).values()).backward()
    assert not [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    model.eval()
    with torch.no_grad():
        before = model.backbone(images.float()).levels[3]
        model.deploy()
        after = model.backbone(images.float()).levels[3]
    torch.testing.assert_close(after, before, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("stages", [-2, 5, 1.5])
def test_stages_that_are_not_there_are_refused(stages):
    with pytest.raises(
        ConfigError, match=r"frozen_stages: a whole number at least -1 and at most 4 is"
    ):
        _build("ResNet", frozen_stages=stages)
