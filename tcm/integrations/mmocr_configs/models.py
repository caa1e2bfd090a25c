"""MMOCR's detectors in ours: backbone, neck, head, loss, decoding and what the targets take.

Defaults are MMOCR 1.0.1's where they differ from ours.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from tcm.errors import ConfigError, nearest, shown
from tcm.integrations.mmocr_configs.parts import Part

Config = dict[str, Any]
_OURS = {"FastTCM": "FastTCM", "TCM": "TCM", "CLIPR50": "CLIPResNet"}
_BOTTLENECKS = 50  # depth from which on blocks have three convolutions
_NO_ARGUMENTS = {  # losses of MMOCR that are ours as they are
    "loss_prob": "MaskedBalancedBCEWithLogitsLoss",
    "loss_thr": "MaskedSmoothL1Loss",
    "loss_db": "MaskedDiceLoss",
    "loss_text": "MaskedSquareDiceLoss",
    "loss_kernel": "MaskedSquareDiceLoss",
    "loss_tr": "MaskedBalancedBCELoss",
    "loss_tcl": "MaskedBCELoss",
    "loss_reg_x": "SmoothL1Loss",
    "loss_reg_y": "SmoothL1Loss",
}


def convert_model(values: Any, lacking: list[str]) -> tuple[Config, Config, bool]:
    """Return the section `model`, the targets' transform, and whether batch norms are synchronised.

    Args:
        values: MMOCR's ``model``.
        lacking: Gets a line for everything that has no counterpart here.

    Raises:
        ConfigError: It is none of the five detectors.
    """
    model = Part(values, "model", lacking)
    kind = model.kind
    if kind not in _DETECTORS:
        hint = nearest(kind, _DETECTORS)
        raise ConfigError(f"model: {shown(kind)} has no counterpart here{hint}")
    preprocessor = model.part("data_preprocessor")
    statistics = preprocessor.renamed({"mean": "mean", "std": "std"})
    preprocessor.expect(bgr_to_rgb=True, pad_size_divisor=32)
    preprocessor.done()
    backbone, synchronised = _backbone(model.part("backbone"))
    neck, head, targets = _DETECTORS[kind](model.part("neck"), model.part("det_head"))
    converted = {
        "type": "Detector",
        **statistics,
        "backbone": backbone,
        "neck": neck,
        "head": head,
    }
    matching = model.take("matching_loss")
    if matching is not None:
        given = {key: value for key, value in matching.items() if key != "targets"}
        converted["matching_loss"] = {"type": "MatchingLoss", **given}
    model.ignore("init_cfg")
    model.done()
    return converted, targets, synchronised


def _backbone(part: Part) -> tuple[Config, bool]:
    """Return our backbone, and whether its batch norms are synchronised."""
    part.ignore("out_indices")
    if str(part.values.get("type")).startswith("tcm.") and part.kind in _OURS:
        kind, init = _OURS[part.kind], part.take("init_cfg") or {}
        weights = {"pretrained": part.take("pretrained") or init.get("checkpoint")}
        if init.get("model"):
            weights["clip_model"] = init["model"]
        part.ignore("type")
        return {"type": kind, **weights, **part.values}, False
    if part.kind != "ResNet":
        part.lack(f"type={shown(part.values.get('type'))}", "ResNet-50 stands in its place")
        return {"type": "ResNet", "depth": 50, "pretrained": None}, False
    part.expect(num_stages=4)
    converted: Config = {"type": "ResNet", "depth": part.take("depth", 50)}
    converted["pretrained"] = _pretrained(part)
    norm = part.take("norm_cfg") or {}
    converted |= {
        "frozen_stages": part.take("frozen_stages", -1),
        "norm_eval": part.take("norm_eval", True),
        "norm_requires_grad": norm.get("requires_grad", True),
        **part.renamed({"with_cp": "with_cp"}),
    }
    if part.take("style", "pytorch") != "pytorch" and converted["depth"] >= _BOTTLENECKS:
        converted["style"] = "caffe"  # of two convolutions a block has none of 1x1
    if part.take("deep_stem", False):
        part.expect(stem_channels=128)
        converted["deep_stem"] = True
    dcn = part.part("dcn")
    if dcn.values:
        dcn.expect(type="DCNv2", deform_groups=1, fallback_on_stride=False)
        dcn.done()
        stages = part.take("stage_with_dcn", [False] * 4)
        converted["deformable_stages"] = [
            i + 2 for i, deformable in enumerate(stages) if deformable
        ]
    part.done()
    return converted, norm.get("type") == "SyncBN"


def _pretrained(part: Part) -> str | None:
    init = part.take("init_cfg")
    if not init:
        return None
    checkpoint = str(init.get("checkpoint", "")) if isinstance(init, dict) else ""
    if checkpoint.startswith("torchvision://"):
        return "IMAGENET1K_V1"
    if "://" in checkpoint or not checkpoint:
        part.lack(f"init_cfg={shown(init)}", "a file or torchvision's weights are wanted")
        return None
    return checkpoint


def _dbnet(neck: Part, head: Part) -> tuple[Config, Config, Config]:
    asf = neck.part("asf_cfg")
    converted: Config = {"type": "FPNC"}
    converted |= neck.renamed({n: n for n in ("lateral_channels", "out_channels")})
    if asf.values:
        asf.expect(attention_type="ScaleChannelSpatial")
        converted["asf"] = True
    plain = ("bias_on_lateral", "bn_re_on_lateral", "bias_on_smooth", "bn_re_on_smooth")
    neck.expect(**dict.fromkeys((*plain, "conv_after_concat"), False))
    _finish(neck, asf)
    head.expect(with_bias=False)
    loss, post = _loss_and_decoding(head)
    names = {"weight_prob": "prob_weight", "weight_thr": "thr_weight"}
    losses = {"type": "DBLoss", **loss.renamed(names)}
    names = {n: n for n in ("shrink_ratio", "thr_min", "thr_max")} | {"min_sidelength": "min_side"}
    targets = {"type": "DBTargets", **loss.renamed(names)}
    decode = {"type": "DBDecoder", "output": post.take("text_repr_type", "poly")}
    same = ("mask_thr", "unclip_ratio", "epsilon_ratio", "max_candidates")
    decode |= post.renamed({n: n for n in same})
    decode |= post.renamed({"min_text_score": "min_score", "min_text_width": "min_width"})
    _finish(head, loss, post)
    return converted, {"type": "DBHead", "loss": losses, "decode": decode}, targets


def _fcenet(neck: Part, head: Part) -> tuple[Config, Config, Config]:
    converted = {"type": "FPN", "out_channels": neck.take("out_channels", 256)}
    neck.expect(num_outs=3)
    neck.ignore("add_extra_convs", "relu_before_extra_convs", "act_cfg")  # of levels not made
    _finish(neck)
    degree = head.take("fourier_degree", 5)
    loss, post = _loss_and_decoding(head)
    losses = loss.renamed({"num_sample": "num_points", "negative_ratio": "negative_ratio"})
    targets = {"type": "FCETargets", "degree": degree, "start_point": "top"}
    names = {
        "resample_step": "resample_step",
        "center_region_shrink_ratio": "center_ratio",
        "level_proportion_range": "level_ranges",
    }
    targets |= loss.renamed(names)
    loss.expect(level_size_divisors=[8, 16, 32])
    decode = {"type": "FCEDecoder", "output": post.take("text_repr_type", "poly")}
    decode |= post.renamed({n: n for n in ("alpha", "beta", "score_thr", "nms_thr")})
    decode |= post.renamed({"num_reconstr_points": "num_points"})
    post.expect(scales=[8, 16, 32])
    _finish(head, loss, post)
    parts = {"loss": {"type": "FCELoss", **losses}, "decode": decode}
    return converted, {"type": "FCEHead", "degree": degree, **parts}, targets


def _psenet(neck: Part, head: Part) -> tuple[Config, Config, Config]:
    converted = {"type": "FPNF", "out_channels": neck.take("out_channels", 256)}
    converted |= {"upsample": "nearest", "fusion": True}
    neck.expect(fusion_type="concat")
    _finish(neck)
    kernels = head.take("out_channel", 7)
    loss, post = _loss_and_decoding(head)
    weight = loss.take("weight_text", 0.7)
    loss.expect(weight_kernel=round(1 - weight, 6), kernel_sample_type="adaptive", reduction="mean")
    losses = {"type": "PSELoss", "text_weight": weight}
    losses |= loss.renamed({"ohem_ratio": "negative_ratio"})
    ratios = loss.take("shrink_ratio", [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    even = np.linspace(1.0, ratios[-1], len(ratios))
    if len(ratios) != kernels or not np.allclose(ratios, even, atol=1e-3):
        loss.lack(f"shrink_ratio={shown(ratios)}", f"{kernels} ratios in even steps from 1")
    targets = {"type": "PSETargets", "num_kernels": kernels, "min_ratio": ratios[-1]}
    targets |= loss.renamed({"max_shrink_dist": "max_distance"})
    decode = _kernels_decoding(post, "PSEDecoder")
    decode |= post.renamed({"min_kernel_area": "min_kernel_area"})
    hidden = head.take("hidden_dim", 256)
    _finish(head, loss, post)
    made = {"type": "PSEHead", "hidden": hidden, "num_kernels": kernels}
    return converted, {**made, "loss": losses, "decode": decode}, targets


def _panet(neck: Part, head: Part) -> tuple[Config, Config, Config]:
    converted: Config = {"type": "FPEMFFM", "upsample": "nearest", "bias": True}
    converted |= neck.renamed({"conv_out": "out_channels", "fpem_repeat": "num_fpems"})
    neck.expect(align_corners=False)
    _finish(neck)
    embedding = head.take("out_channel", 6) - 2  # text and kernel are the others
    loss, post = _loss_and_decoding(head)
    names = {f"weight_{n}": f"{n}_weight" for n in ("text", "kernel", "embedding")}
    losses = {"type": "PANLoss", **loss.renamed({**names, "ohem_ratio": "negative_ratio"})}
    pull = loss.part("loss_embedding")
    if pull.values:
        pull.expect(type="PANEmbLossV1", feature_dim=embedding)
        losses |= pull.renamed({"delta_aggregation": "delta_agg"})
        if "delta_discrimination" in pull.values:
            losses["delta_dis"] = 2 * pull.take("delta_discrimination")  # theirs is of each of two
    loss.expect(reduction="mean")
    targets = {"type": "PANTargets", "kernel_ratio": loss.take("shrink_ratio", [1.0, 0.5])[1]}
    targets |= loss.renamed({"max_shrink_dist": "max_distance"})
    decode = _kernels_decoding(post, "PANDecoder")
    decode["distance_threshold"] = post.take("distance_threshold", 3.0)
    decode |= post.renamed({"min_text_confidence": "min_text_confidence"})
    hidden = head.take("hidden_dim", 128)
    _finish(head, loss, post, pull)
    made = {"type": "PANHead", "hidden": hidden, "embedding_dim": embedding}
    return converted, {**made, "loss": losses, "decode": decode}, targets


_DETECTORS: dict[str, Callable[[Part, Part], tuple[Config, Config, Config]]] = {
    "DBNet": _dbnet,
    "FCENet": _fcenet,
    "PSENet": _psenet,
    "PANet": _panet,
}


def _loss_and_decoding(head: Part) -> tuple[Part, Part]:
    """Return the head's loss, without what is as it is here, and its decoding."""
    loss = head.part("module_loss")
    for name, kind in _NO_ARGUMENTS.items():
        term = loss.values.get(name)
        if isinstance(term, dict) and term.get("type") == kind:
            loss.ignore(name)
    return loss, head.part("postprocessor")


def _kernels_decoding(post: Part, kind: str) -> Config:
    post.expect(downsample_ratio=0.25)
    decode = {"type": kind, "output": post.take("text_repr_type", "poly")}
    decode["min_score"] = post.take("score_threshold", 0.3)
    names = {"min_kernel_confidence": "min_kernel_confidence", "min_text_area": "min_area"}
    return decode | post.renamed(names)


def _finish(*parts: Part) -> None:
    for part in parts:
        part.ignore("in_channels", "init_cfg", "rescale_fields")
        part.done()
