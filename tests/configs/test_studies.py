"""What studies compare is equal but for what they are about."""

import pytest
import torch

from tcm.engine.checkpoint import without_pretrained
from tcm.engine.optimizers import parameter_groups
from tcm.registry import MODELS, OPTIMIZERS, TRANSFORMS
from tests.configs.shipped import BACKBONES, NAMES


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("clip/")])
def test_a_clip_is_built_and_its_captions_fit_it(name, read):
    config = read(name)
    encoder = config["model"]["text_encoder"]
    with torch.device("meta"):
        model = MODELS.build(without_pretrained(config["model"]), "model")
    groups = parameter_groups(model, config["optimizer"]["lr"], **config["param_groups"])
    assert OPTIMIZERS.build(config["optimizer"], "optimizer", params=groups).param_groups
    stage = config["data"]["train"]
    pipelines = [part.get("pipeline", stage["pipeline"]) for part in stage["dataset"]["parts"]]
    for *_, targets in pipelines:
        built = TRANSFORMS.build(targets)
        assert built.context_length == encoder["context_length"] == model.context_length
        assert targets["vocab_size"] == encoder["vocab_size"] == model.vocab_size
    seen, unseen = config["model"]["words"]
    assert not set(seen) & set(unseen) and len(seen) == len(set(seen)) == 64
    assert all(part["dataset"].get("words", seen) == seen for part in stage["dataset"]["parts"])
    assert config["evaluation"]["metrics"]["zero_shot"]["unseen"] == unseen


# What the configs of the claims' study change in FastTCM's, by the name of their backbone.
CLAIMS = {
    "scratch-tiny": ("CLIPResNet", {}),
    "cr-tiny": ("CLIPResNet", {}),
    "tcm-tiny": ("TCM", {}),
    "fasttcm-tiny": ("FastTCM", {}),
    "fasttcm-tiny-no-bsm": ("FastTCM", {"bsm": None}),
    "fasttcm-tiny-no-visual-prompt": ("FastTCM", {"visual_prompt": False}),
    "fasttcm-tiny-no-meta-query": ("FastTCM", {"generate_prompt": False}),
    "fasttcm-tiny-no-text-refinement": ("FastTCM", {"text_refinement": False}),
}


@pytest.mark.parametrize("method", ["dbnet", "fcenet"])
@pytest.mark.parametrize("name", CLAIMS)
def test_the_claims_are_compared_on_equal_terms(name, method, read):
    config = read(f"studies/claims/{method}_{name}_900it_icdar2015")
    base = read(f"studies/claims/{method}_fasttcm-tiny_900it_icdar2015")
    for section in ("data", "optimizer", "schedule", "trainer", "evaluation"):
        assert config[section] == base[section]
    assert {**config["model"], "backbone": 0} == {**base["model"], "backbone": 0}
    backbone, kind = config["model"]["backbone"], CLAIMS[name]
    changes = {**backbone, **backbone.get("matching", {})}
    assert backbone["type"] == kind[0]
    keys = ("bsm", "visual_prompt", "generate_prompt", "text_refinement")
    assert {key: changes[key] for key in keys if key in changes} == kind[1]
    clip = read("clip/clip_rn-tiny_3000it_synthetic")["model"]
    trunk = {key: value for key, value in clip["trunk"].items() if key in backbone["trunk"]}
    assert backbone["trunk"] == trunk and "width" in trunk
    if "text_encoder" in backbone:
        assert backbone["text_encoder"] == clip["text_encoder"]
    assert backbone["pretrained"] == (None if "scratch" in name else "tiny")


def test_weights_of_imagenet_are_compared_on_equal_terms(read):
    name = "studies/pretrained/dbnet_efficientnet-lite0{}_300it_icdar2015"
    base, scratch = dict(read(name.format(""))), dict(read(name.format("-scratch")))
    model, other = base.pop("model"), scratch.pop("model")
    assert base == scratch
    assert other["backbone"] == {**model["backbone"], "pretrained": None}
    assert {**other, "backbone": 0} == {**model, "backbone": 0}


JOINT = ("icdar2013", "icdar2015", "totaltext", "cocotext", "textocr", "icdar2019_art")
JOINT = (*JOINT, "icdar2019_lsvt", "mlt17", "mlt19")


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("method", ["dbnet", "dbnetpp", "fcenet", "psenet", "panet"])
def test_joint_data_are_learnt_alike_by_all_detectors_and_backbones(method, backbone, read):
    """What differs is the method's network, loss, targets and decoder, and the backbone."""
    folder = method.removesuffix("pp")
    config = read(f"textdet/{folder}/{method}_{backbone}_100e_joint98k")
    base = read("textdet/dbnet/dbnet_resnet50_100e_joint98k")
    for section in ("optimizer", "schedule", "trainer", "evaluation"):
        assert config[section] == base[section]
    assert "param_groups" not in config  # one rate for all
    train, other = config["data"]["train"], base["data"]["train"]
    *augmentation, targets = train["pipeline"]
    assert augmentation == other["pipeline"][:-1] and targets["type"].endswith("Targets")
    assert {**train, "pipeline": 0} == {**other, "pipeline": 0}
    files = [part["ann_file"] for part in train["dataset"]["datasets"]]
    assert files == [f"data/joint98k/{name}_train.json" for name in JOINT]
    assert {**config["data"], "train": 0} == {**base["data"], "train": 0}
    assert config["model"]["head"]["decode"]["output"] == "poly"


def test_the_schedule_of_joint_data_is_the_published_one(read):
    config = read("textdet/dbnet/dbnetpp_resnet50_100e_joint98k")
    assert config["optimizer"] == {"type": "AdamW", "lr": 1e-4, "weight_decay": 1e-4}
    assert config["schedule"] == {"type": "Poly", "power": 0.9, "min_lr": 1e-7, "by_epoch": True}
    assert config["trainer"]["max_epochs"] == 100 and "gradient_clip" not in config["trainer"]
    assert config["data"]["train"]["batch_size"] == 4
    assert config["data"]["val"]["pipeline"][0] == {"type": "StretchTo", "size": [1280, 1280]}
