"""`with_cp`: activations are computed twice, and nothing else is."""

import copy

import pytest
import torch

from tcm.errors import ConfigError
from tcm.registry import MODELS
from tests.models.tiny import BACKBONES

TIMM = {"type": "Timm", "pretrained": None, "name": "resnet10t"}
CONFIGS = {**BACKBONES, "Timm": TIMM}


def _build(backbone, **changes):
    torch.manual_seed(0)
    return MODELS.build({**CONFIGS[backbone], **changes}, "model.backbone").train()


def _step(model, autocast=False):
    """Return the state and the gradients after a step, and the bytes kept for its backward pass."""
    torch.manual_seed(1)
    images = torch.randn(2, 3, 64, 96)
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            levels = model(images).levels
        loss = sum(level.float().square().mean() for level in levels)
    bytes_kept = sum(kept.values())
    loss.backward()
    gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    return model.state_dict(), gradients, bytes_kept


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("FastTCM", {"frozen_stages": 1}),
        ("CLIPResNet", {}),
        ("CLIPResNet", {"norm_eval": True}),
        ("ResNet", {}),
        ("Timm", {}),
    ],
)
def test_gradients_and_running_statistics_are_those_without(name, changes):
    state, gradients, _ = _step(_build(name, **changes))
    found_state, found_gradients, _ = _step(_build(name, **changes, with_cp=True))
    assert list(found_state) == list(state)
    assert all(torch.equal(found_state[key], value) for key, value in state.items())
    assert set(found_gradients) == set(gradients)
    for key, value in gradients.items():
        torch.testing.assert_close(found_gradients[key], value, msg=key)


def test_under_autocast_as_well():
    state, gradients, _ = _step(_build("CLIPResNet"), autocast=True)
    found_state, found_gradients, _ = _step(_build("CLIPResNet", with_cp=True), autocast=True)
    assert all(torch.equal(found_state[key], value) for key, value in state.items())
    for key, value in gradients.items():
        torch.testing.assert_close(found_gradients[key], value, msg=key)


@pytest.mark.parametrize("name", ["CLIPResNet", "ResNet"])
def test_less_is_kept_for_the_backward_pass(name):
    *_, without = _step(_build(name))
    *_, kept = _step(_build(name, with_cp=True))
    weights = 4 * sum(p.numel() for p in _build(name).parameters() if p.ndim == 4)
    assert kept - weights < 0.5 * (without - weights)


def test_a_copy_counts_once_too():
    model = copy.deepcopy(_build("FastTCM", with_cp=True))
    _step(model)
    assert model.trunk.bn1.num_batches_tracked == 1
    _step(model)
    assert model.trunk.bn1.num_batches_tracked == 2


def test_a_network_of_timm_that_cant_is_told():
    with pytest.raises(ConfigError, match="with_cp: timm's resnet10t can't"):
        _build("Timm", options={"feature_cls": "getter"}, with_cp=True)


def test_batch_norms_that_were_replaced_since_count_once_too():
    """A trainer puts norms over all devices in the place of the model's own."""
    model = _build("CLIPResNet", with_cp=True)
    model.trunk.bn1 = torch.nn.BatchNorm2d(model.trunk.bn1.num_features)
    _step(model)
    assert model.trunk.bn1.num_batches_tracked == 1


def test_batch_norms_that_were_replaced_since_are_frozen_too():
    model = _build("CLIPResNet", frozen_stages=0)
    model.trunk.bn1 = torch.nn.BatchNorm2d(model.trunk.bn1.num_features)
    _step(model)
    assert model.trunk.bn1.num_batches_tracked == 0
