"""Recognizers are trained by the recipes that their authors published."""

import re

import open_clip
import pytest
import torch

from tcm.engine.checkpoint import without_pretrained
from tcm.engine.optimizers import parameter_groups
from tcm.registry import MODELS, OPTIMIZERS
from tests.configs.shipped import NAMES

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
        "svtrv2/svtrv2_b-guided_20e_synth",
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
    if config["model"]["type"] == "SVTRv2":
        return
    sizes = [
        next(t["size"] for t in config["data"][stage]["pipeline"] if t["type"] == "StretchTo")
        for stage in ("train", "val")
    ]
    assert (
        sizes == [[32, 96] if "tiny" in name else [32, 128] if "parseq" in name else [224, 224]] * 2
    )


SVTRV2 = [n for n in NAMES if n.startswith("textrecog/svtrv2/") and "tiny" not in n]
WIDTHS = {"t": [64, 128, 256], "s": [96, 192, 384], "b": [128, 256, 384]}


@pytest.mark.parametrize("name", SVTRV2)
def test_svtrv2_is_trained_twice_by_its_authors_recipe(name, read):
    config = read(name)
    size, _, guided = name.split("_")[1].partition("-")
    model, trainer, train = config["model"], config["trainer"], config["data"]["train"]
    assert model["dims"] == WIDTHS[size]
    assert config["optimizer"] == {
        "type": "AdamW",
        "lr": 3.25e-4 if guided else 6.5e-4,
        "weight_decay": 0.05,
    }
    assert config["schedule"] == {"type": "OneCycle", "pct_start": 0.075}  # 1.5 of 20 epochs
    assert config["param_groups"] == {"norm_decay": False, "no_decay": ["bias"]}
    assert (train["batch_size"], trainer["total_batch"]) == ((128, 512) if guided else (256, 1024))
    assert model.get("guided", False) == bool(guided)
    assert model.get("ctc_weight", 1.0) == (0.1 if guided else 1.0)
    resizes = {config["data"][s]["pipeline"][-2]["type"] for s in ("val", "test")}
    assert resizes == {"MultiSizeResize"}
    assert train["pipeline"][1].get("max_ratio", 4) == (12 if guided else 4)
    assert "Invert" not in train["pipeline"][0]["ops"] and len(train["pipeline"][0]["ops"]) == 15
    first = name.rsplit("/", 1)[1].replace("-guided", "")
    start = {"checkpoint": f"work_dirs/{first}/last.ckpt"} if guided else None
    assert config.get("load_from") == start


def test_svtrv2_has_a_config_for_each_size_training_and_dataset():
    assert len(SVTRV2) == 12


def test_a_small_svtrv2_sees_the_words_of_the_small_clip4str(read):
    small = read("textrecog/svtrv2/svtrv2_tiny_5000it_synthetic")
    other = read("textrecog/clip4str/clip4str_vit-tiny_20000it_synthetic")
    for stage in ("train", "val"):
        assert small["data"][stage]["dataset"] == other["data"][stage]["dataset"]
        assert small["data"][stage]["batch_size"] == other["data"][stage]["batch_size"]
    assert small["evaluation"] == other["evaluation"]
