"""Every config passes the checks, its parts can be built, and its facts are the recipe's.

The facts are those of TCM's fine-tuning of DBNet and of the other methods' own recipes, as their
authors published them.
"""

import json
import re
from contextlib import nullcontext
from functools import cache
from pathlib import Path

import numpy as np
import open_clip
import pytest
import shapely
import torch

from tcm.cli.configs import read_config
from tcm.engine.checkpoint import without_pretrained
from tcm.engine.optimizers import parameter_groups
from tcm.engine.trainer import TrainerConfig
from tcm.registry import METRICS, MODELS, OPTIMIZERS, SCHEDULES, TRANSFORMS
from tcm.structures import Sample, TextInstances
from tests.models.tiny import METHODS, TRUNK

ROOT = Path(__file__).resolve().parents[1] / "configs"
CONFIGS = sorted(
    p for p in ROOT.rglob("*.yaml") if "_base_" not in p.parts and p.parent.name != "studies"
)
NAMES = [str(p.relative_to(ROOT).with_suffix("")) for p in CONFIGS]


@cache
def _read(name):
    return read_config(str(ROOT / f"{name}.yaml"))


@pytest.fixture
def read():
    """Return a function that reads a config by its path under configs/, once; not to be changed."""
    return _read


def _distinct_models():
    """Return a config for each distinct network; decoders differ between datasets only.

    By default each backbone and each neck with its head are tried once, the other pairs are slow.
    """
    chosen, seen = {}, set()
    for name in NAMES:
        model = dict(_read(name)["model"])
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
    assert len(CONFIGS) > 10
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
    assert config["param_groups"] == {
        "lr_multipliers": {"backbone.trunk": 0.1},
        "norm_decay": ["backbone.trunk"],
    }
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


BACKBONES = ["fasttcm-cr50", "tcm-cr50", "clip-r50", "resnet50"]


# By config: batch, length of a text, size of a pooled text, (long, short) of test images,
# thresholds of score and overlap, rate, milestones.
SPOTTING = {
    "abcnet_{}_260000it_pretrain": (
        8,
        25,
        [8, 32],
        [1824, 1000],
        0.45,
        0.5,
        1e-2,
        [0.6154, 0.8462],
    ),
    "abcnet_{}_5000it_totaltext": (8, 25, [8, 32], [1824, 1000], 0.45, 0.5, 1e-3, None),
    "abcnet_{}_120000it_ctw1500": (8, 100, [8, 128], [1024, 800], 0.6, 0.5, 1e-3, [0.6667]),
    "abcnet_{}_5500it_icdar2015": (4, 25, [8, 32], [4000, 2000], 0.45, 0.5, 1e-3, None),
    "abcnetv2_{}_5000it_totaltext": (8, 25, [8, 32], [1824, 1000], 0.5, 0.5, 1e-3, None),
    "abcnetv2_{}_100000it_ctw1500": (8, 100, [8, 128], [1024, 800], 0.5, 0.5, 1e-3, [0.8]),
    "abcnetv2_{}_5500it_icdar2015": (4, 25, [16, 64], [4000, 2000], 0.4, 0.4, 1e-3, None),
}


@pytest.mark.parametrize("backbone", ["fasttcm-cr50", "clip-r50", "resnet50"])
@pytest.mark.parametrize("name", SPOTTING)
def test_abcnet_is_tuned_by_its_authors_recipe(name, backbone, read):
    config = read(f"textspotting/abcnet/{name.format(backbone)}")
    batch, length, size, scale, score, iou, lr, milestones = SPOTTING[name]
    train, head = config["data"]["train"], config["model"]["head"]
    assert train["batch_size"] == batch
    assert train["pipeline"][-1]["length"] == head["recognizer"]["length"] == length
    assert train["pipeline"][-1]["charset"] == head["recognizer"]["charset"]
    assert not [t for t in train["pipeline"] if t["type"] == "RandomFlip"]  # unreadable
    assert head["pooler"]["size"] == size
    assert config["data"]["val"]["pipeline"][0]["scale"] == scale
    decoder = MODELS.build(head["decode"])
    assert (decoder.score_thr, decoder.nms_iou) == (score, iou)
    assert head.get("coord_conv", False) == ("v2" in name)
    assert config["optimizer"] == {"type": "SGD", "lr": lr, "momentum": 0.9, "weight_decay": 1e-4}
    assert config["schedule"].get("milestones") == milestones
    assert config["schedule"]["warmup_steps"] == 1000
    trainer = config["trainer"]
    assert (trainer["gradient_clip"], trainer["gradient_clip_by"]) == (1.0, "value")
    assert config["param_groups"] == {"norm_decay": False}


# By config: transforms, least and greatest short side in training, (long, short) of test images,
# threshold, points, classes, weights of distances and of texts, rate, milestones.
_TURN, _CROP, _OWN = "RandomRotate", "RandomCropInstance", ("letters36", 25, 1, 0.5)
_LINES = ("ascii95", 50, 0.5)
_PRETRAIN = ([_TURN, _CROP], 480, 896, [1892, 1000], 0.4)
SOLO = {
    "375000it_pretrain": (*_PRETRAIN, *_OWN, 1e-4, [0.8533]),
    "375000it_pretrain-ctw1500": (*_PRETRAIN, *_LINES, 0.5, 1e-4, [0.8533]),
    "10000it_totaltext": (*_PRETRAIN, *_OWN, 1e-5, None),
    "3000it_icdar2015": ([], 800, 1400, [4000, 1440], 0.3, *_OWN, 1e-5, None),
    "12000it_ctw1500": ([_CROP], 480, 896, [1200, 1000], 0.4, *_LINES, 1.0, 5e-5, [0.6667]),
}


@pytest.mark.parametrize("backbone", ["fasttcm-cr50", "resnet50"])
@pytest.mark.parametrize("name", SOLO)
def test_deepsolo_is_tuned_by_its_authors_recipe(name, backbone, read):
    config = read(f"textspotting/deepsolo/deepsolo_{backbone}_{name}")
    moves, low, high, scale, score, charset, points, share, text, lr, milestones = SOLO[name]
    train, head = config["data"]["train"], config["model"]["head"]
    *moved, resize, warp, jitter, targets = train["pipeline"]
    assert [t["type"] for t in moved] == moves
    assert [t["max_angle_deg"] for t in moved if t["type"] == _TURN] == [45] * len(moves[:-1])
    assert (min(resize["short_sizes"]), max(resize["short_sizes"])) == (low, high)
    assert warp["type"] == "Warp"
    assert {jitter[key] for key in ("brightness", "contrast", "saturation")} == {0.7}
    assert (targets["charset"], targets["points"]) == (head["charset"], points)
    assert config["data"]["val"]["pipeline"][0]["scale"] == scale
    built = MODELS.build(head["decode"])
    assert (built.score_thr, built.output) == (score, "quad" if "icdar" in name else "poly")
    assert (head["charset"]["name"], head["points"]) == (charset, points)
    loss = MODELS.build(head["loss"])
    weights = [loss.weights[f"loss_{name}"] for name in ("ctrl_points", "bezier_enc", "texts")]
    assert weights == [share, share, text] and loss.weights["loss_bd_points"] == share / 2
    assert config["optimizer"] == {"type": "AdamW", "lr": lr, "weight_decay": 1e-4}
    assert config["schedule"].get("milestones") == milestones
    trainer = config["trainer"]
    assert (trainer["gradient_clip"], trainer["total_batch"]) == (0.1, 8)
    assert config["param_groups"] == {"lr_multipliers": {"backbone.trunk": 0.1}}


def test_deepsolos_training_images_cut_no_word(read):
    pipeline = read("textspotting/deepsolo/deepsolo_resnet50_375000it_pretrain")["data"]["train"]
    moves = [TRANSFORMS.build(t) for t in pipeline["pipeline"][:3]]
    square = np.array([[0, 0], [30, 0], [30, 10], [0, 10]], np.float32)
    words = [square + offset for offset in ([0, 0], [90, 5], [60, 30], [20, 50], [95, 68])]
    texts = TextInstances(words, ["a"] * 5, np.zeros(5, bool))
    kept = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        sample = Sample(np.zeros((80, 128, 3), np.uint8), "image", texts)
        for move in moves:
            sample = move(sample, rng)
        kept.append(len(sample.instances))
        height, width = sample.size
        assert min(height, width) in range(480, 897, 32) or max(height, width) == 1600
        areas = [shapely.Polygon(p).area for p in sample.instances.polygons]
        assert min(areas) / np.linalg.det(sample.matrix) > 295  # of 300: whole, but for rounding
    assert min(kept) >= 1 and len(set(kept)) > 2


@pytest.mark.parametrize("outline", ["polygon", "bezier"])
def test_testr_is_pretrained_by_its_authors_recipe(outline, read):
    bezier = outline == "bezier"
    method = "testr-bezier" if bezier else "testr"
    config = read(f"textspotting/testr/{method}_resnet50_440000it_pretrain")
    train, head = config["data"]["train"], config["model"]["head"]
    kinds = [t["type"] for t in train["pipeline"]]
    assert kinds == [_CROP, "ResizeRandomShortSide", "Warp", "TESTRTargets"]
    assert head["outline"] == train["pipeline"][-1]["outline"] == outline
    assert MODELS.build(head["loss"]).weights["loss_texts"] == (2 if bezier else 4)
    assert MODELS.build(head["decode"]).score_thr == 0.45
    assert config["optimizer"]["lr"] == (2e-4 if bezier else 1e-4)
    assert config["param_groups"] == {
        "lr_multipliers": {"backbone.trunk": 0.1, "*.sampling_offsets": 0.1}
    }


# What is frozen, by the beginning of a config's name; the longest one counts.
FROZEN = {
    "": {},
    **dict.fromkeys(
        ("abcnet", "deepsolo", "testr"),
        {"frozen_stages": 1, "norm_eval": True, "norm_requires_grad": False},
    ),
    "dbnet_efficientnet-lite0": {"frozen_stages": 1},
    "dbnet_efficientnet-lite0_300it": {},  # all of it is trained, as from random weights
    "psenet": {"norm_eval": True},
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


# By config: CLIP's name and weights, image side, batch of a GPU, total batch, epochs, CLIP's rate.
_B, _L, _H = "ViT-B-16", "ViT-L-14", "ViT-H-14"
_DATACOMP, _LAION = "datacomp_xl_s13b_b90k", "laion2b_s32b_b79k"
RECOGNITION = {
    "clip4str_vit-b16_16e_real": (f"{_B}-quickgelu", "openai", 128, 1024, 16, 1.68e-4),
    "clip4str_vit-b16_7e_synth": (f"{_B}-quickgelu", "openai", 128, 1024, 7, 1.68e-4),
    "clip4str_vit-b32_16e_real": ("ViT-B-32-quickgelu", "openai", 256, 1024, 16, 1.68e-4),
    "clip4str_vit-l14_10e_real": (f"{_L}-quickgelu", "openai", 48, 960, 10, 1.575e-4),
    "clip4str_vit-l14_6e_synth": (f"{_L}-quickgelu", "openai", 48, 960, 6, 1.575e-4),
    "clip4str_vit-h14-dfn_8e_real": (f"{_H}-quickgelu", "dfn5b", 16, 1024, 8, 1.68e-4),
    "clip4str_vit-b16-datacomp_11e_rbu": (_B, _DATACOMP, 256, 1024, 11, 1.68e-4),
    "clip4str_vit-l14-datacomp_5e_rbu": (_L, _DATACOMP, 64, 1024, 5, 1.68e-4),
    "clip4str_vit-h14-laion_4e_rbu": (_H, _LAION, 32, 1024, 4, 1.68e-4),
    "clip4str_vit-h14-dfn_4e_rbu": (f"{_H}-quickgelu", "dfn5b", 32, 1024, 4, 1.68e-4),
}


@pytest.mark.parametrize("name", RECOGNITION)
def test_clip4str_is_trained_by_its_authors_recipe(name, read):
    config = read(f"textrecog/clip4str/{name}")
    clip, pretrained, batch, total, epochs, lr = RECOGNITION[name]
    model, trainer, optimizer = config["model"], config["trainer"], config["optimizer"]
    assert (model["clip_model"], model["pretrained"]) == (clip, pretrained)
    assert pretrained in open_clip.list_pretrained_tags_by_model(clip)
    assert config["data"]["train"]["batch_size"] == batch
    assert trainer["total_batch"] == total and total % batch == 0
    assert (trainer["max_epochs"], trainer["gradient_clip"]) == (epochs, 20)
    assert (optimizer["type"], optimizer["lr"], optimizer["weight_decay"]) == ("AdamW", lr, 0.2)
    assert (optimizer["betas"], optimizer["eps"]) == ([0.9, 0.98], 1e-6)
    assert config["schedule"] == {"type": "OneCycle", "pct_start": 0.075}
    assert config["param_groups"]["lr_multipliers"] == dict.fromkeys(
        ("visual_decoder", "cross_decoder"), 19
    )


@pytest.mark.parametrize(
    "name",
    [
        "clip4str/clip4str_vit-b16_16e_real",
        "clip4str/clip4str_vit-b32_16e_real",
        "clip4str/clip4str_vit-l14_10e_real",
        "clip4str/clip4str_vit-h14-laion_4e_rbu",
        "parseq/parseq_vit-s_20e_real",
        *(n.removeprefix("textrecog/") for n in NAMES if re.match("textrecog/.*tiny", n)),
    ],
)
def test_recognizers_are_built_and_learn_by_their_own_rules(name, read):
    config = read(f"textrecog/{name}")
    with torch.device("meta"):
        model = MODELS.build(without_pretrained(config["model"]), "model")
    groups = parameter_groups(model, config["optimizer"]["lr"], **config["param_groups"])
    assert OPTIMIZERS.build(config["optimizer"], "optimizer", params=groups).param_groups
    targets = config["data"]["train"]["pipeline"][-1]
    assert targets["charset"] == config["model"]["charset"]
    sizes = [
        next(t["size"] for t in config["data"][stage]["pipeline"] if t["type"] == "StretchTo")
        for stage in ("train", "val")
    ]
    assert (
        sizes == [[32, 96] if "tiny" in name else [32, 128] if "parseq" in name else [224, 224]] * 2
    )


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
    config = read(f"studies/claims/{method}_{name}_400it_icdar2015")
    base = read(f"studies/claims/{method}_fasttcm-tiny_400it_icdar2015")
    for section in ("data", "optimizer", "schedule", "trainer", "evaluation"):
        assert config[section] == base[section]
    assert {**config["model"], "backbone": 0} == {**base["model"], "backbone": 0}
    backbone, kind = config["model"]["backbone"], CLAIMS[name]
    changes = {**backbone, **backbone.get("matching", {})}
    assert backbone["type"] == kind[0]
    keys = ("bsm", "visual_prompt", "generate_prompt", "text_refinement")
    assert {key: changes[key] for key in keys if key in changes} == kind[1]
    clip = read("clip/clip_rn-tiny_4400it_synthetic")["model"]
    trunk = {key: value for key, value in clip["trunk"].items() if key in backbone["trunk"]}
    assert backbone["trunk"] == trunk and "width" in trunk
    if "text_encoder" in backbone:
        assert backbone["text_encoder"] == clip["text_encoder"]
    begun = None if "scratch" in name else "work_dirs/clip_rn-tiny_4400it_synthetic/inference.ckpt"
    assert backbone["pretrained"] == begun


def test_weights_of_imagenet_are_compared_on_equal_terms(read):
    name = "studies/pretrained/dbnet_efficientnet-lite0{}_300it_icdar2015"
    base, scratch = dict(read(name.format(""))), dict(read(name.format("-scratch")))
    model, other = base.pop("model"), scratch.pop("model")
    assert base == scratch
    assert other["backbone"] == {**model["backbone"], "pretrained": None}
    assert {**other, "backbone": 0} == {**model, "backbone": 0}
