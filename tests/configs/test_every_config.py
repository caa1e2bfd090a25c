"""Every config passes the checks, its parts can be built, and its name and trunk are in order."""

import json
import re
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch

from tcm.engine.checkpoint import without_pretrained
from tcm.engine.optimizers import parameter_groups
from tcm.engine.trainer import TrainerConfig
from tcm.registry import METRICS, MODELS, OPTIMIZERS, SCHEDULES, TRANSFORMS
from tcm.structures import Sample, TextInstances
from tests.configs.shipped import BACKBONES, NAMES, ROOT, read_shipped
from tests.models.tiny import METHODS, TRUNK


def _distinct_models():
    """Return a config for each distinct network; decoders differ between datasets only.

    By default each backbone and each neck with its head are tried once, the other pairs are slow.
    """
    chosen, seen = {}, set()
    for name in NAMES:
        model = dict(read_shipped(name)["model"])
        if "head" not in model:
            continue  # recognizers, see below
        model["head"] = {k: v for k, v in model["head"].items() if k != "decode"}
        if model["neck"]["type"] == "DeformableEncoder":  # slow, and the others' backbones again
            model = {"neck": model["neck"], "head": model["head"] | {"loss": None}}
        chosen.setdefault(json.dumps(model, sort_keys=True), name)
    cases = []
    for text, name in sorted(chosen.items(), key=lambda pair: len(pair[0])):  # plain ones first
        model = json.loads(text)
        backbone = {**model.pop("backbone", {}), "prompts": None}
        parts = {json.dumps(part, sort_keys=True) for part in (backbone, model)}
        cases.append(pytest.param(name, marks=pytest.mark.slow if parts <= seen else ()))
        seen |= parts
    return cases


def _shallow(model):
    """Return a model's config with one layer of a transformer: equal ones behind it fit as well."""
    if model["neck"]["type"] != "DeformableEncoder":
        return model
    head = model["head"]
    head = head | {"transformer": head["transformer"] | {"layers": 1}}
    return model | {"neck": model["neck"] | {"layers": 1}, "head": head}


def _target_maps(pipeline, height, width):
    """Return the targets of an image without text, by the pipeline of a config."""
    sample = Sample(np.zeros((height, width, 3), np.uint8), "image", TextInstances())
    for transform in pipeline:
        if transform["type"].endswith("Targets"):
            sample = TRANSFORMS.build(transform)(sample, np.random.default_rng(0))
    return sample.maps


def test_there_are_configs():
    assert len(NAMES) > 10
    assert "quickstart" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_config_passes_the_checks_and_its_light_parts_can_be_built(name, read):
    config = read(name)
    stages = [config["data"].get(stage) for stage in ("train", "val", "test")]
    for stage in filter(None, stages):
        for transform in stage["pipeline"]:
            TRANSFORMS.build(transform)
    for metric in config["evaluation"]["metrics"].values():
        METRICS.build(metric)
    if "head" in config["model"]:
        MODELS.build(config["model"]["head"]["decode"])
    SCHEDULES.build(config["schedule"])
    assert TrainerConfig(**config["trainer"]).total_steps(steps_per_epoch=10) >= 1


@pytest.mark.parametrize("name", _distinct_models())
def test_its_model_is_built_and_trained_by_its_own_rules(name, read, monkeypatch):
    """On the meta device, where nothing is computed but every shape must fit."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # meta has none
    config = read(name)
    height, width = 64, 96
    with torch.device("meta"):
        model = MODELS.build(without_pretrained(_shallow(config["model"])), "model").train()
        predictions, features = model(torch.zeros(2, 3, height, width))
    assert all(len(p) == 2 for p in predictions.values())
    shapes = [tuple(level.shape[1:]) for level in features.levels]
    sizes = [(height // s, width // s) for s in (4, 8, 16, 32)]
    assert shapes == [(c, *s) for c, s in zip(model.backbone.out_channels, sizes, strict=True)]
    loss = config["model"]["matching_loss"]
    maps = _target_maps(config["data"]["train"]["pipeline"], height, width)
    assert {loss["map"], loss["mask"]} - {None} <= set(maps)  # what it asks for is made
    for key in ("map", "mask") if loss["upsample"] else ():
        side = features.levels[3].shape[-2] * loss["upsample"]
        assert maps[loss[key]].shape[-2] == side
    groups = parameter_groups(model, config["optimizer"]["lr"], **config.get("param_groups", {}))
    assert OPTIMIZERS.build(config["optimizer"], "optimizer", params=groups).param_groups
    model.deploy()
    left = [n for n, part in model.named_modules() if isinstance(part, torch.nn.BatchNorm2d)]
    assert not left, "batch norms that are not folded"


def test_file_names_tell_method_backbone_schedule_and_dataset(read):
    types = {"fasttcm": "FastTCM", "tcm": "TCM", "clip": "CLIPResNet", "resnet50": "ResNet"}
    types["efficientnet"] = "Timm"
    for name in NAMES:
        if name.startswith(("textdet/", "textspotting/")):
            method, backbone, schedule, dataset = Path(name).name.split("_", 3)
            config = read(name)
            assert config["model"]["backbone"]["type"] == types[backbone.split("-")[0]], name
            if schedule != "released":
                length = re.fullmatch("([0-9]+)(e|it)", schedule)
                key = {"e": "max_epochs", "it": "max_steps"}[length[2]]
                assert config["trainer"][key] == int(length[1]), name
            folder = re.sub("(pp|v2|-bezier)$", "", method).replace("-", "_")
            head = METHODS[folder.split("_")[0]].HEAD
            assert config["model"]["head"]["type"] == head["type"], name
            assert Path(name).parent.name == folder, name
            assert config["model"]["neck"].get("asf", False) == (method == "dbnetpp"), name
            stage = "test" if "test" in config["data"] else "val"
            stage = "train" if dataset == "synthtext" else stage  # which has no test split
            source = config["data"][stage]["dataset"]
            if dataset in ("synthetic", "plain"):
                assert source["type"] == "SyntheticText", name
            elif dataset.startswith("pretrain"):  # several sets
                assert config["data"]["train"]["dataset"]["type"] in ("Concat", "Mix"), name
            else:
                assert f"data/{dataset}/" in source["ann_file"], name
        if name.startswith(("clip/", "studies/")):
            method, _, schedule, dataset = Path(name).name.split("_", 3)
            config = read(name)
            assert config["trainer"]["max_steps"] == int(schedule.removesuffix("it")), name
            kind = config["model"]["type"]
            assert kind == ("CLIPPretraining" if method == "clip" else "Detector"), name
            if method != "clip":
                assert config["model"]["head"]["type"] == METHODS[method].HEAD["type"], name
                assert f"data/{dataset}/" in config["data"]["train"]["dataset"]["ann_file"], name
        if name.startswith("textrecog/"):
            method, backbone, schedule, dataset = Path(name).name.split("_", 3)
            config = read(name)
            kinds = {"clip4str": "CLIP4STR", "parseq": "PARSeq", "ctc": "CTCWordRecognizer"}
            kinds["svtrv2"] = "SVTRv2"
            assert config["model"]["type"] == kinds[method]
            assert Path(name).parent.name == method
            length = re.fullmatch("([0-9]+)(e|it)", schedule)
            key = {"e": "max_epochs", "it": "max_steps"}[length[2]]
            assert config["trainer"][key] == int(length[1]), name
            source = config["data"]["train"]["dataset"]
            sources = {"synthetic": "SyntheticWords", "rbu": "Concat", "open": "Mix"}
            assert source["type"] == sources.get(dataset, "LMDBWords"), name
            if source["type"] == "LMDBWords":
                assert source["root"] == f"data/words/train/{dataset}", name


# What is frozen, by the beginning of a config's name; the longest one counts.
FROZEN = {
    "": {},
    **dict.fromkeys(
        ("abcnet", "deepsolo", "testr"),
        {"frozen_stages": 1, "norm_eval": True, "norm_requires_grad": False},
    ),
    "deepsolo_fasttcm-tiny": {},  # the tiny CLIP is trained on
    "dbnet_efficientnet-lite0": {"frozen_stages": 1},
    "dbnet_efficientnet-lite0_300it": {},  # all of it is trained, as from random weights
    "psenet": {"norm_eval": True},
    "psenet_{}_100e_joint98k": {},  # as all others there
    "rotated-": {"frozen_stages": 1, "norm_eval": True},
    **{f"rotated-{head}_{{}}_12e-tcm": {} for head in ("fcos", "atss", "retinanet")},
    "rotated-fcos_{}_200e": {},
    "fcenet_{}_1500e_ctw1500": {"norm_eval": True},
}


@pytest.mark.parametrize(
    "name", [n for n in NAMES if "_" in n and not n.startswith(("textrecog/", "clip/"))]
)
def test_trunks_are_frozen_as_the_recipe_says_and_never_when_random(name, read):
    backbone = read(name)["model"]["backbone"]
    stem = Path(name).stem
    kind = stem.split("_")[1]
    starts = [s for s in FROZEN if stem.startswith(s.format(kind))]
    frozen = {} if backbone["pretrained"] is None else FROZEN[max(starts, key=len)]
    keys = FROZEN["abcnet"]
    assert {k: v for k, v in backbone.items() if k in keys} == frozen


@pytest.mark.parametrize("backbone", BACKBONES[1:])
@pytest.mark.parametrize("method", sorted(p.name for p in (ROOT / "textdet").iterdir()))
def test_images_are_normalised_for_the_weights_as_tcm_does(method, backbone, read):
    path = min((ROOT / "textdet" / method).glob(f"*_{backbone}_*_icdar2015.yaml"))
    config = read(str(path.relative_to(ROOT).with_suffix("")))["model"]
    backbone = {"type": config["backbone"]["type"], "pretrained": None}
    small = {"depth": 18} if backbone["type"] == "ResNet" else {"trunk": TRUNK}
    backbone |= small
    model = MODELS.build(config | {"backbone": backbone}, "model")
    clip = method == "dbnet" and backbone["type"] != "ResNet"
    mean = [122.679, 116.669, 104.007] if clip else [123.675, 116.28, 103.53]
    assert model.mean.flatten().tolist() == pytest.approx(mean)
    assert model.std.flatten().tolist() == pytest.approx([58.395, 57.12, 57.375])
