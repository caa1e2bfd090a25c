"""Every parameter of the released TCM-DB has a place in ours, and only one."""

import inspect
from pathlib import Path

import pytest
import torch

from tcm.cli.configs import read_config
from tcm.engine.checkpoint import load_model, without_pretrained
from tcm.errors import CheckpointError
from tcm.models.converters import rename
from tcm.registry import CONVERTERS, MODELS
from tests.models.foreign import compat_config, load_foreign

CONFIGS = Path(__file__).resolve().parents[2] / "configs/textdet/dbnet"
# What a name of ours was called, by its beginning; written down apart from the rules under test.
RELEASED = {
    "backbone.trunk.": "backbone.",
    "backbone.text_side.prompt_generator.": "prompt_generator.prompt_proj.",
    "backbone.text_side.": "",
    "backbone.matching.text_refinement.": "context_decoder.",
    "backbone.matching.": "",
    "neck.": "neck.",
    "head.": "bbox_head.",
}


def _released(name):
    prefix = next(p for p in RELEASED if name.startswith(p))
    old = RELEASED[prefix] + name.removeprefix(prefix)
    if "visual_prompt_generator" in old or "context_decoder" in old:
        old = old.replace(".query_proj.", ".text_proj.").replace(".layers.", ".decoder.")
    if old.startswith("neck."):
        old = old.replace(".weight", ".conv.weight")
    return old


@pytest.mark.parametrize("dataset", ["icdar2015", "msra_td500"])
def test_released_names_lead_to_every_parameter(dataset):
    config = read_config(str(CONFIGS / f"dbnet_tcm-cr50_released_{dataset}.yaml"))
    with torch.device("meta"):
        model = MODELS.build(without_pretrained(config["model"]))
    state = model.state_dict()
    released = [_released(name) for name in state]
    assert len(set(released)) == len(state)
    assert {rename(name) for name in released} == set(state)
    assert state["backbone.trunk.attnpool.positional_embedding"].shape == (401, 2048)
    assert state["backbone.text_side.text_encoder.positional_embedding"].shape == (18, 512)
    assert "bbox_head.binarize.0.weight" in released
    assert "neck.lateral_convs.3.conv.weight" in released


TINY = [
    "model.backbone.trunk.layers=[1,1,1,1]",
    "model.backbone.trunk.width=8",
    "model.backbone.trunk.heads=4",
    "model.backbone.trunk.output_dim=32",
    "model.backbone.text_encoder.width=16",
    "model.backbone.text_encoder.heads=2",
    "model.backbone.text_encoder.layers=1",
    "model.backbone.matching.decoder={width: 16, heads: 2, layers: 1}",
]


def test_a_checkpoint_loads_with_the_compat_base_and_not_without(tmp_path):
    name = "textdet/dbnet/dbnet_tcm-cr50_1200e_icdar2015"
    config = compat_config(tmp_path, name, "tcm", TINY)
    load_foreign(tmp_path, config, "tcm", _released)
    plain = read_config(str(CONFIGS / "dbnet_tcm-cr50_1200e_icdar2015.yaml"), TINY)
    with pytest.raises(CheckpointError, match="positional_embedding"):
        load_model(plain["model"], tmp_path / "foreign.ckpt", "tcm")


SAME_MODELS = ("deepsolo", "mmrotate", "parseq", "testr")  # as published, but for the names


@pytest.mark.parametrize("converter", CONVERTERS.names())
def test_every_compat_base_is_named_by_its_converter(converter):
    base = f"_base_/compat/{converter}.yaml"
    named = base in inspect.getdoc(inspect.getmodule(CONVERTERS.get(converter)))
    assert named == (CONFIGS.parents[1] / base).exists() == (converter not in SAME_MODELS)


def test_every_compat_base_has_a_converter():
    assert {p.stem for p in (CONFIGS.parents[1] / "_base_/compat").iterdir()} <= set(
        CONVERTERS.names()
    )
