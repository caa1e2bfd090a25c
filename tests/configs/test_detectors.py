"""Detectors are trained by the published recipes: of TCM's fine-tuning of DBNet."""

from pathlib import Path

import pytest

from tcm.registry import MODELS

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
