"""Every config passes the checks, its parts can be built, and its facts are the recipe's.

The facts are those of TCM's fine-tuning of DBNet, as its authors published them.
"""

import json
import re
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from tcm.cli.configs import read_config
from tcm.engine.checkpoint import without_pretrained
from tcm.engine.optimizers import parameter_groups
from tcm.engine.trainer import TrainerConfig
from tcm.registry import METRICS, MODELS, OPTIMIZERS, SCHEDULES, TRANSFORMS
from tests.models.tiny import targets

ROOT = Path(__file__).resolve().parents[1] / "configs"
CONFIGS = sorted(p for p in ROOT.rglob("*.yaml") if "_base_" not in p.parts)
NAMES = [str(p.relative_to(ROOT).with_suffix("")) for p in CONFIGS]


@pytest.fixture(scope="module")
def read():
    """Return a function that reads a config by its path under configs/, once."""
    known = {}

    def read(name):
        if name not in known:
            known[name] = read_config(str(ROOT / f"{name}.yaml"))
        return known[name]

    return read


def _distinct_models():
    """Return a config for each distinct model; decoders differ between datasets only."""
    chosen = {}
    for name, path in zip(NAMES, CONFIGS, strict=True):
        if name.startswith("studies/"):
            continue  # they have the models of others and train nothing, see test_study_configs.py
        model = dict(read_config(str(path))["model"])
        model["head"] = {k: v for k, v in model["head"].items() if k != "decode"}
        chosen.setdefault(json.dumps(model, sort_keys=True), name)
    return sorted(chosen.values())


def test_there_are_configs():
    assert len(CONFIGS) > 10
    assert "quickstart" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_config_passes_the_checks_and_its_light_parts_can_be_built(name, read):
    config = read(name)
    stages = [config["data"].get(stage) for stage in ("train", "val", "test")]
    for stage in filter(None, stages):  # a study's test config has its test images only
        for transform in stage["pipeline"]:
            TRANSFORMS.build(transform)
    for metric in config["evaluation"]["metrics"].values():
        METRICS.build(metric)
    MODELS.build(config["model"]["head"].get("decode", {"type": "DBDecoder"}))
    SCHEDULES.build(config["schedule"])
    assert TrainerConfig(**config["trainer"]).total_steps(steps_per_epoch=10) >= 1


@pytest.mark.parametrize("name", _distinct_models())
def test_its_model_is_built_and_trained_by_its_own_rules(name, read, monkeypatch):
    """On the meta device, where nothing is computed but every shape must fit."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # meta has none
    config = read(name)
    height, width = 64, 96
    maps = targets([], [], height, width)
    with torch.device("meta"):
        model = MODELS.build(without_pretrained(config["model"]), "model").train()
        predictions, features = model(torch.zeros(2, 3, height, width))
    assert all(tuple(p.shape) == (2, height, width) for p in predictions.values())
    shapes = [tuple(level.shape[1:]) for level in features.levels]
    sizes = [(height // s, width // s) for s in (4, 8, 16, 32)]
    assert shapes == [(c, *s) for c, s in zip(model.backbone.out_channels, sizes, strict=True)]
    loss = config["model"]["matching_loss"]
    assert {loss["map"], loss["mask"]} <= set(maps)  # what it asks for is made
    groups = parameter_groups(model, config["optimizer"]["lr"], **config.get("param_groups", {}))
    assert OPTIMIZERS.build(config["optimizer"], "optimizer", params=groups).param_groups


def test_file_names_tell_method_backbone_schedule_and_dataset(read):
    types = {"fasttcm": "FastTCM", "tcm": "TCM", "clip": "CLIPResNet", "resnet50": "ResNet"}
    for name in NAMES:
        if name.startswith("textdet/"):
            method, backbone, schedule, dataset = Path(name).name.split("_", 3)
            config = read(name)
            assert config["model"]["backbone"]["type"] == types[backbone.split("-")[0]], name
            if schedule != "released":
                epochs = re.fullmatch("([0-9]+)e", schedule)
                assert epochs and config["trainer"]["max_epochs"] == int(epochs[1]), name
            assert config["model"]["neck"].get("asf", False) == (method == "dbnetpp"), name
            stage = "test" if "test" in config["data"] else "val"
            stage = "train" if dataset == "synthtext" else stage  # which has no test split
            assert f"data/{dataset}/" in config["data"][stage]["dataset"]["ann_file"], name


# By dataset: optimiser, rate, weight decay, contexts, test size (long, short), epochs between
# validations; then the decoder: threshold, score, width, unclip ratio, simplification (0 is off),
# candidates, output.
_Q, _P = "quad", "poly"
RECIPES = {
    "msra_td500": ("Ranger", 1e-3, 0, 4, [4068, 736], 2, 0.08, 0.17, 3, 1.9, 0, 1000, _Q),
    "icdar2015": ("Adam", 1e-4, 1e-4, 4, [4068, 1024], 5, 0.28, 0.2, 2, 1.6, 1e-3, 3000, _Q),
    "ctw1500": ("AdamW", 1e-4, 1e-4, 32, [4068, 1024], 15, 0.08, 0.3, 3, 2.0, 1e-4, 3000, _P),
    "totaltext": ("AdamW", 1e-4, 1e-4, 32, [2944, 800], 10, 0.347, 0.3, 5, 1.95, 4e-3, 3000, _P),
}
_DECODER = (
    "mask_thr",
    "min_score",
    "min_width",
    "unclip_ratio",
    "epsilon_ratio",
    "max_candidates",
    "output",
)


@pytest.mark.parametrize("backbone", ["fasttcm-cr50", "tcm-cr50", "clip-r50", "resnet50"])
@pytest.mark.parametrize("dataset", RECIPES)
def test_dbnet_is_tuned_by_the_published_recipe(backbone, dataset, read):
    config = read(f"textdet/dbnet/dbnet_{backbone}_1200e_{dataset}")
    kind, lr, decay, contexts, scale, every, *decoder = RECIPES[dataset]
    optimizer = config["optimizer"]
    assert (optimizer["type"], optimizer["lr"]) == (kind, lr)
    assert optimizer.get("weight_decay", 0) == decay
    if "tcm" in backbone:
        assert config["model"]["backbone"]["num_contexts"] == contexts
        assert config["model"]["backbone"]["prompts"] == ["Text"]
    (resize,) = [t for t in config["data"]["val"]["pipeline"] if t["type"] == "ResizeKeepRatio"]
    assert resize["scale"] == scale
    assert config["trainer"]["val_every_epochs"] == every
    built = MODELS.build(config["model"]["head"]["decode"])
    assert [getattr(built, key) for key in _DECODER] == decoder


@pytest.mark.parametrize("dataset", RECIPES)
def test_what_all_published_recipes_share(dataset, read):
    config = read(f"textdet/dbnet/dbnet_fasttcm-cr50_1200e_{dataset}")
    assert config["trainer"]["max_epochs"] == 1200
    assert config["schedule"] == {"type": "Poly", "power": 0.9, "min_lr": 1e-7, "by_epoch": True}
    assert config["param_groups"] == {"lr_multipliers": {"backbone.trunk": 0.1}}
    train = config["data"]["train"]
    assert train["batch_size"] == 16
    transforms = {t["type"]: t for t in train["pipeline"]}
    assert list(transforms) == [
        "RandomFlip",
        "RandomRotate",
        "RandomScale",
        "RandomCropText",
        "FitInto",
        "Warp",
        "ColorJitter",
        "DBTargets",
    ]
    assert transforms["RandomFlip"]["prob"] == 0.5
    assert transforms["RandomRotate"]["max_angle_deg"] == 10
    assert transforms["RandomScale"]["ratio_range"] == [0.5, 3.0]
    assert transforms["RandomScale"]["independent"] is True
    assert transforms["FitInto"]["size"] == [640, 640]
    assert transforms["ColorJitter"]["brightness"] == pytest.approx(32 / 255, abs=1e-4)
    assert transforms["ColorJitter"]["saturation"] == 0.5
    head = config["model"]["head"]
    weights = [head["loss"][f"{name}_weight"] for name in ("prob", "db", "thr")]
    assert (head["k"], weights) == (50, [5, 1, 10])


def test_td500_is_trained_with_tr400(read):
    config = read("textdet/dbnet/dbnet_fasttcm-cr50_1200e_msra_td500")
    files = [d["ann_file"] for d in config["data"]["train"]["dataset"]["datasets"]]
    assert [Path(f).parent.name for f in files] == ["msra_td500", "hust_tr400"]
