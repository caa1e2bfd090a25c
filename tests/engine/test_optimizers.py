"""Parameter groups by prefix, and Ranger."""

import pytest
import torch
from torch import nn

from tcm.engine.optimizers import Ranger, parameter_groups
from tcm.errors import ConfigError


class _Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.ModuleDict({"trunk": nn.Linear(2, 2), "frozen": nn.Linear(2, 2)})
        self.backbone["frozen"].requires_grad_(False)
        self.norm = nn.LayerNorm(2)
        self.head = nn.Linear(2, 2)


def test_longest_prefix_wins_and_frozen_parameters_are_left_out():
    model = _Model()
    groups = parameter_groups(model, 1.0, {"backbone": 0.5, "backbone.trunk": 0.1}, ["norm"])
    rates = {id(p): (g["lr"], g.get("weight_decay")) for g in groups for p in g["params"]}
    assert rates[id(model.backbone["trunk"].weight)] == (0.1, None)
    assert rates[id(model.head.weight)] == (1.0, None)
    assert rates[id(model.norm.weight)] == (1.0, 0.0)
    assert len(rates) == 6


def test_a_prefix_is_a_whole_name_part():
    with pytest.raises(
        ConfigError, match="no parameter is under 'backbone.trun'.*'backbone.trunk'"
    ):
        parameter_groups(_Model(), 1.0, {"backbone.trun": 0.1})


def test_a_part_of_names_is_found_in_any_module_and_outweighs_prefixes():
    model = _Model()
    multipliers = {"*.trunk": 0.1, "backbone.trunk.weight": 0.5, "*.weight": 0.2}
    groups = parameter_groups(model, 1.0, multipliers)
    rates = {id(p): g["lr"] for g in groups for p in g["params"]}
    trunk = model.backbone["trunk"]
    assert (rates[id(trunk.weight)], rates[id(trunk.bias)]) == (0.2, 0.1)
    assert (rates[id(model.norm.weight)], rates[id(model.head.bias)]) == (0.2, 1.0)
    with pytest.raises(ConfigError, match=r"no parameter is under '\*.runk'"):
        parameter_groups(model, 1.0, {"*.runk": 0.1})


class _Normed(nn.Module):
    """Norm layers whose names do not say so, in a trunk and outside."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.ModuleDict(
            {"trunk": nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))}
        )
        self.head = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.GroupNorm(2, 4))
        self.scale = nn.Parameter(torch.ones(1))


@pytest.mark.parametrize(
    ("norm_decay", "spared"),
    [
        (True, set()),
        (False, {"backbone.trunk.1", "head.1", "head.2"}),
        (["backbone.trunk"], {"head.1", "head.2"}),
    ],
)
def test_norm_layers_are_told_by_their_type(norm_decay, spared):
    model = _Normed()
    groups = parameter_groups(model, 1.0, {"backbone": 0.1}, norm_decay=norm_decay)
    without = {id(p) for g in groups if g.get("weight_decay") == 0.0 for p in g["params"]}
    names = {n.rpartition(".")[0] for n, p in model.named_parameters() if id(p) in without}
    assert names == spared
    assert sum(len(g["params"]) for g in groups) == len(list(model.parameters()))


def test_a_prefix_of_decaying_norms_must_be_there():
    with pytest.raises(ConfigError, match="norm_decay: no parameter is under 'backbone.trnk'; did"):
        parameter_groups(_Normed(), 1.0, norm_decay=["backbone.trnk"])


def test_ranger_without_lookahead_and_centralisation_is_radam():
    torch.manual_seed(0)
    start = torch.randn(5)  # a vector is not centralised
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    ranger = Ranger([ours], lr=0.1, lookahead_steps=1000)
    radam = torch.optim.RAdam([theirs], lr=0.1, betas=(0.95, 0.999), eps=1e-5)
    for _ in range(12):
        for parameter, optimizer in ((ours, ranger), (theirs, radam)):
            optimizer.zero_grad()
            (parameter**2).sum().backward()
            optimizer.step()
    assert torch.allclose(ours, theirs, atol=1e-7)


def test_ranger_pulls_back_to_the_slow_weights_every_k_steps():
    start = torch.tensor([1.0, -2.0])
    ours, plain = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    ranger = Ranger([ours], lr=0.1, lookahead_steps=3, lookahead_alpha=0.5)
    radam = torch.optim.RAdam([plain], lr=0.1, betas=(0.95, 0.999), eps=1e-5)
    for step in range(1, 4):
        for parameter, optimizer in ((ours, ranger), (plain, radam)):
            optimizer.zero_grad()
            (parameter**2).sum().backward()
            optimizer.step()
        expected = plain.detach() if step < 3 else start + 0.5 * (plain.detach() - start)
        assert torch.allclose(ours.detach(), expected, atol=1e-7)


def test_ranger_centralises_the_gradients_of_matrices():
    weight = nn.Parameter(torch.zeros(2, 3))
    (weight * torch.tensor([[1.0, 2.0, 3.0], [4.0, 4.0, 4.0]])).sum().backward()
    Ranger([weight], lr=0.1).step()
    assert torch.allclose(weight.grad, torch.tensor([[-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]))
