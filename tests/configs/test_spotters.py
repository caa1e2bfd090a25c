"""Spotters are trained by the recipes that their authors published."""

import numpy as np
import pytest
import shapely

from tcm.registry import MODELS, TRANSFORMS
from tcm.structures import Sample, TextInstances

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
