import copy

import pytest
import torch

from tcm.errors import ConfigError
from tests.integrations.openmmlab.helpers import CHANNELS, PROMPTED, TINY

IMAGES = torch.zeros(1, 3, 64, 96)


def build(**config):
    from mmocr.registry import MODELS

    return MODELS.build({**TINY, **config})


@pytest.mark.parametrize("package", ["mmocr", "mmdet"])
def test_both_packages_find_it_and_get_four_levels(package):
    from importlib import import_module

    registry = import_module(f"{package}.registry").MODELS
    levels = registry.build(TINY)(IMAGES)
    assert isinstance(levels, tuple)
    wanted = [(1, c, 64 // s, 96 // s) for c, s in zip(CHANNELS, (4, 8, 16, 32), strict=True)]
    assert [tuple(level.shape) for level in levels] == wanted


@pytest.mark.parametrize("name", ["TCM", "CLIPR50"])
def test_so_do_tcm_and_clip_without_text(name):
    parts = PROMPTED if name == "TCM" else {"trunk": PROMPTED["trunk"]}
    levels = _built(f"tcm.{name}", parts)(IMAGES)
    assert [level.shape[1] for level in levels] == [*CHANNELS[:3], 257 if name == "TCM" else 256]


def _built(kind, parts):
    from mmocr.registry import MODELS

    return MODELS.build({"type": kind, **parts})


def test_out_indices_choose_levels_and_are_checked():
    levels = build(out_indices=(1, 3))(IMAGES)
    assert [level.shape[1] for level in levels] == [CHANNELS[1], CHANNELS[3]]
    with pytest.raises(ConfigError, match="out_indices"):
        build(out_indices=(4,))


def test_frozen_stages_and_norm_eval_hold_in_training():
    model = build(frozen_stages=1, norm_eval=True).train()
    model(IMAGES)
    assert not any(p.requires_grad for p in model.trunk.layer1.parameters())
    assert all(p.requires_grad for p in model.trunk.layer2.parameters())
    norms = [m for m in model.trunk.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms and not any(norm.training for norm in norms)
    assert model.trunk.layer2.training and not model.trunk.layer1.training


def test_init_cfg_loads_mmengines_checkpoint_with_a_prefix(tmp_path):
    model = build()
    state = {f"backbone.{name}": value for name, value in model.state_dict().items()}
    torch.save({"state_dict": state}, tmp_path / "whole.pth")
    init = {"type": "Pretrained", "checkpoint": str(tmp_path / "whole.pth"), "prefix": "backbone."}
    other = build(init_cfg=init)
    other.init_weights()
    same = zip(model.parameters(), other.parameters(), strict=True)
    assert all(torch.equal(*pair) for pair in same)


def test_init_cfg_loads_clips_weights(tmp_path):
    model = build()
    visual = {f"visual.{n}": v for n, v in model.trunk.state_dict().items()}
    text = model.text_side.text_encoder.state_dict()
    torch.save({**visual, **text}, tmp_path / "clip.pt")
    other = build(init_cfg={"type": "tcm.CLIPPretrained", "checkpoint": str(tmp_path / "clip.pt")})
    other.init_weights()
    assert torch.equal(other.trunk.conv1.weight, model.trunk.conv1.weight)
    projections = [m.text_side.text_encoder.text_projection for m in (model, other)]
    assert torch.equal(*projections)


def test_a_model_can_be_copied_after_a_noted_pass():
    model = build()
    with model.noting() as noted:
        model(IMAGES)
    assert noted[0].logits.shape == (1, 1, 2, 3)
    copy.deepcopy(model)
