"""Losses, decoding and forward passes of the three heads against mmrotate's."""

import json

import numpy as np
import pytest
import torch

from tcm.models.detectors.rotated.atss import RotatedATSSHead
from tcm.models.detectors.rotated.converters import rename
from tcm.models.detectors.rotated.fcos import RotatedFCOSHead
from tcm.models.detectors.rotated.priors import STRIDES
from tcm.models.detectors.rotated.retinanet import RotatedRetinaHead
from tests.conftest import oracle_file

# Each head, the key of its oracle with anchors of angle 0, and its maps.
HEADS = {
    "fcos": (RotatedFCOSHead, "fcos", ("cls", "box", "angle", "centerness")),
    "atss": (RotatedATSSHead, "atss_a0", ("cls", "box", "centerness")),
    "retinanet": (RotatedRetinaHead, "retinanet_a0", ("cls", "box")),
}


def load(name):
    return {
        k: torch.from_numpy(np.asarray(v))
        for k, v in np.load(oracle_file(name)).items()
        if v.dtype.kind in "fiub"
    }


def maps_of(oracle, head, names, prefix=None):
    prefix = prefix or head
    return {
        f"{name}_{stride}": oracle[f"{prefix}.{name}.level{level}"].clone()
        for name in names
        for level, stride in enumerate(STRIDES)
    }


def targets_of(oracle):
    images = sorted(key.partition(".")[0] for key in oracle if key.endswith(".gt"))
    count = max(len(oracle[f"{image}.gt"]) for image in images)
    rows = {
        "box_rows": torch.zeros(len(images), count, 5),
        "label_rows": torch.zeros(len(images), count, dtype=torch.long),
        "valid_rows": torch.zeros(len(images), count, dtype=torch.uint8),
    }
    for row, image in enumerate(images):
        boxes = oracle[f"{image}.gt"]
        rows["box_rows"][row, : len(boxes)] = boxes
        rows["label_rows"][row, : len(boxes)] = oracle[f"{image}.labels"]
        rows["valid_rows"][row, : len(boxes)] = 1
    return rows


@pytest.mark.parametrize("name", HEADS)
def test_losses_and_their_gradients(name):
    kind, key, outputs = HEADS[name]
    oracle = load("rotated/losses.npz")
    predictions = {k: v.requires_grad_() for k, v in maps_of(oracle, name, outputs).items()}
    losses = kind(32, classes=15, width=32).loss(predictions, targets_of(oracle))
    renamed = {"loss_box": "loss_bbox"}
    for loss, value in losses.items():
        wanted = oracle[f"{key}.{renamed.get(loss, loss)}"]
        assert value.item() == pytest.approx(wanted.item(), rel=2e-5), loss
    sum(losses.values()).backward()
    for output in outputs:
        found = [predictions[f"{output}_{stride}"].grad.abs().sum().item() for stride in STRIDES]
        wanted = oracle[f"{key}.{output}.grad_l1"].tolist()
        assert found == pytest.approx(wanted, rel=1e-3, abs=1e-7), output


@pytest.mark.parametrize("name", HEADS)
def test_decoding(name):
    kind, key, outputs = HEADS[name]
    oracle = load("rotated/decode.npz")
    settings = json.loads(str(np.load(oracle_file("rotated/decode.npz"))["test_cfg"]))
    decode = {
        "type": "RotatedBoxDecoder",
        "score_thr": settings["score_thr"],
        "nms_pre": settings["nms_pre"],
        "nms_iou": settings["nms_iou"],
        "max_per_image": settings["max_per_img"],
    }
    head = kind(32, classes=15, width=32, decode=decode)
    maps = {
        f"{output}_{stride}": oracle[f"{name}.{_in_decoding(name, output)}.level{level}"]
        for output in outputs
        for level, stride in enumerate(STRIDES)
    }
    found = head.outputs(maps)
    arrays = (found[part][0].numpy() for part in ("boxes", "scores", "labels"))
    boxes, scores, labels = head.decoder.boxes_of(*arrays)
    np.testing.assert_allclose(boxes, oracle[f"{key}.boxes"], atol=1e-2)
    np.testing.assert_allclose(scores, oracle[f"{key}.scores"], atol=1e-6)
    np.testing.assert_array_equal(labels, oracle[f"{key}.out_labels"])


def _in_decoding(name, output):
    return "box_in_strides" if (name, output) == ("fcos", "box") else output


@pytest.mark.parametrize("name", HEADS)
def test_forward(name):
    kind, _, outputs = HEADS[name]
    oracle = load("rotated/forward.npz")
    state = {
        k.removeprefix(f"{name}.state."): v
        for k, v in oracle.items()
        if k.startswith(f"{name}.state.")
    }
    width, classes = state["cls_convs.0.conv.weight"].shape[0], _classes(state, name)
    depth = len([k for k in state if k.startswith("cls_convs") and k.endswith("conv.weight")])
    head = kind(width, classes=classes, width=width, depth=depth)
    head.load_state_dict(renamed(state))
    levels = [oracle[f"{name}.in.level{level}"] for level in range(len(STRIDES))]
    for mode in ("train", "eval"):
        found = head.train(mode == "train")(levels)
        for output in outputs:
            for level, stride in enumerate(STRIDES):
                factor = stride if (name, output, mode) == ("fcos", "box", "eval") else 1
                wanted = oracle[f"{name}.{mode}.{output}.level{level}"]
                value = factor * found[f"{output}_{stride}"]
                torch.testing.assert_close(value, wanted, atol=1e-4 * factor, rtol=1e-4)


def _classes(state, name):
    last = {"fcos": "conv_cls", "atss": "atss_cls", "retinanet": "retina_cls"}[name]
    return len(state[f"{last}.bias"]) // (9 if name == "retinanet" else 1)


def renamed(state):
    """Return mmrotate's parameters under our names."""
    return {
        rename(f"bbox_head.{name}").removeprefix("head."): value for name, value in state.items()
    }


@pytest.mark.parametrize("name", HEADS)
def test_an_image_without_objects_teaches_background_and_every_parameter_has_a_gradient(name):
    kind, _, _ = HEADS[name]
    head = kind(8, classes=3, width=8, depth=1, groups=4)
    levels = [torch.randn(1, 8, 64 // s, 64 // s) for s in (8, 16, 32, 64, 64)]
    rows = {
        "box_rows": torch.zeros(1, 1, 5),  # the padding of a batch
        "label_rows": torch.zeros(1, 1, dtype=torch.long),
        "valid_rows": torch.zeros(1, 1, dtype=torch.uint8),
    }
    losses = head.loss(head(levels), rows)
    assert losses["loss_cls"] > 0 and losses["loss_box"] == 0
    sum(losses.values()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in head.parameters())


def test_sizes_of_the_published_heads():
    counts = {"fcos": 4_771_099, "atss": 4_771_098, "retinanet": 5_135_540}
    for name, (kind, _, _) in HEADS.items():
        head = kind(256, classes=15)
        assert sum(p.numel() for p in head.parameters()) == counts[name]
