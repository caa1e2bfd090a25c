import numpy as np
import pytest
import torch

from tcm.models.detectors.rotated.assign import (
    IGNORED,
    NOTHING,
    assign_by_distance,
    assign_by_iou,
    assign_by_statistics,
)
from tcm.models.detectors.rotated.boxes import half_hulls, regularised
from tcm.models.detectors.rotated.coders import DeltaCoder, PointCoder
from tcm.models.detectors.rotated.losses import centerness_of, rotated_iou_loss
from tcm.models.detectors.rotated.priors import STRIDES, anchors_of, points_of
from tests.conftest import oracle_file
from tests.models.detectors.rotated.test_coders import RATIOS, SCALES

CPU = torch.device("cpu")
CLOSE = {"atol": 1e-4, "rtol": 1e-4}


def cases():
    oracle = {
        k: torch.from_numpy(np.asarray(v))
        for k, v in np.load(oracle_file("rotated/assign.npz")).items()
    }
    for case in sorted({name.partition(".")[0] for name in oracle}):
        own = {k.partition(".")[2]: v for k, v in oracle.items() if k.startswith(f"{case}.")}
        height, width = own["image_hw"].tolist()
        sizes = [(-(-height // stride), -(-width // stride)) for stride in STRIDES]
        yield own, sizes, regularised(own["gt"])


def expected(indices):
    """Return mmdet's indices (-1 ignored, 0 background) as ours."""
    return torch.where(indices > 0, indices.long() - 1, torch.where(indices < 0, IGNORED, NOTHING))


def test_by_iou():
    for own, sizes, boxes in cases():
        levels = zip(sizes, STRIDES, strict=True)
        anchors = torch.cat([anchors_of(size, s, SCALES, RATIOS, CPU) for size, s in levels])
        chosen = assign_by_iou(anchors, boxes)
        kept = torch.ones(len(chosen), dtype=torch.bool)
        kept[own["maxiou.fragile"].long()] = False
        assert torch.equal(chosen[kept], expected(own["maxiou.gt_inds"])[kept])
        if not len(boxes):
            continue
        sure = own["retinanet.pos"][chosen[own["retinanet.pos"]] >= 0]
        rows = torch.isin(own["retinanet.pos"], sure) & kept[own["retinanet.pos"]]
        places = own["retinanet.pos"][rows]
        found = DeltaCoder().encode(anchors[places], boxes[chosen[places]])
        torch.testing.assert_close(found, own["retinanet_a0.pos_targets"][rows], **CLOSE)


def test_by_statistics():
    for own, sizes, boxes in cases():
        anchors = [
            anchors_of(size, s, [4], [1], CPU) for size, s in zip(sizes, STRIDES, strict=True)
        ]
        chosen = assign_by_statistics(anchors, boxes)
        if "atss.gt_inds" not in own:
            assert (chosen == NOTHING).all()
            continue
        assert torch.equal(chosen, expected(own["atss.gt_inds"]))
        places = own["atss.pos"]
        learnt = boxes[chosen[places]]
        away, half = torch.cat(anchors)[places, :2] - learnt[:, :2], half_hulls(learnt)
        found = centerness_of(half + away, half - away)
        torch.testing.assert_close(found, own["atss.pos_centerness"], **CLOSE)


def test_by_distance():
    for own, sizes, boxes in cases():
        points = [points_of(size, s, 0.5, CPU) for size, s in zip(sizes, STRIDES, strict=True)]
        chosen = assign_by_distance(points, STRIDES, boxes)
        background = torch.full_like(chosen, 15)
        labels = (
            torch.where(chosen >= 0, own["labels"][chosen], background)
            if len(boxes)
            else background
        )
        assert torch.equal(labels, own["fcos.labels"].long())
        places = own["fcos.pos"]
        if not len(places):
            continue
        assert torch.equal(torch.nonzero(chosen >= 0).squeeze(1), places)
        counts = torch.tensor([len(level) for level in points])
        stride = torch.tensor(STRIDES).repeat_interleave(counts)[places][:, None]
        wanted = PointCoder().encode(torch.cat(points)[places], boxes[chosen[places]])
        torch.testing.assert_close(wanted[:, :4] / stride, own["fcos.pos_box_targets"], **CLOSE)
        torch.testing.assert_close(wanted[:, 4:], own["fcos.pos_angle_targets"], **CLOSE)
        found = centerness_of(wanted[:, :2], wanted[:, 2:4])
        torch.testing.assert_close(found, own["fcos.pos_centerness"], **CLOSE)


def test_a_box_that_fits_no_anchor_takes_the_nearest_ones():
    anchors = torch.tensor(
        [[0.0, 0, 8, 8, 0], [20, 0, 8, 8, 0], [20, 0, 8, 8, 0], [90, 0, 8, 8, 0]]
    )
    box = torch.tensor([[20.0, 0, 30, 30, 0]])
    assert assign_by_iou(anchors, box).tolist() == [NOTHING, 0, 0, NOTHING]


def test_of_two_boxes_a_point_learns_the_smaller():
    points = [points_of((64 // s, 64 // s) if s < 64 else (1, 1), s, 0.5, CPU) for s in STRIDES]
    boxes = torch.tensor([[32.0, 32, 40, 40, 0.1], [30, 30, 12, 10, 0.4]])
    chosen = assign_by_distance(points, STRIDES, boxes)
    assert {0, 1} <= set(chosen.tolist())
    inside = (points[0] - torch.tensor([30.0, 30])).norm(dim=1) < 4.5
    assert (chosen[: len(points[0])][inside] == 1).all()


@pytest.mark.parametrize(
    ("mode", "weight", "key"),
    [("log", 1, "loss_log_w1"), ("linear", 2, "loss_linear_w2"), ("square", 1, "loss_square_w1")],
)
def test_iou_losses(mode, weight, key):
    oracle = {
        k: torch.from_numpy(np.asarray(v))
        for k, v in np.load(oracle_file("rotated/rotated_iou.npz")).items()
    }
    found = weight * rotated_iou_loss(oracle["pair_a"].double(), oracle["pair_b"].double(), mode)
    torch.testing.assert_close(found, oracle[key], atol=1e-4, rtol=1e-4)
    if mode == "linear":
        rows = oracle["weighted_pairs"]
        total = (found[rows] * oracle["pair_weight"][rows]).sum() / 37
        torch.testing.assert_close(
            total, oracle["loss_linear_w2_weighted_avg37"], atol=1e-5, rtol=1e-5
        )
