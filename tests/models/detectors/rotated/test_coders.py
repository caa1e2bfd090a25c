import numpy as np
import pytest
import torch

from tcm.models.detectors.rotated.boxes import longer_first, offsets, regularised, turned
from tcm.models.detectors.rotated.coders import DeltaCoder, PointCoder
from tcm.models.detectors.rotated.iou import paired_iou
from tcm.models.detectors.rotated.priors import STRIDES, anchors_of, points_of
from tests.conftest import oracle_file

CODERS = {
    "le90_swap_proj": {},
    "oc_swap_proj": {"convention": "oc"},
    "le135_swap_proj": {"convention": "le135"},
    "le90_plain": {"edge_swap": False, "along_sides": False},
    "le90_norm2_stds": {
        "angle_norm": 2,
        "means": (0, 0, 0, 0, 0.05),
        "stds": (0.1, 0.1, 0.2, 0.2, 0.1),
    },
}
RATIOS, SCALES = (1, 0.5, 2), [4 * 2 ** (i / 3) for i in range(3)]


@pytest.fixture(scope="module")
def oracle():
    return {k: torch.from_numpy(v) for k, v in np.load(oracle_file("rotated/coders.npz")).items()}


@pytest.mark.parametrize("name", CODERS)
def test_deltas(oracle, name):
    coder, anchors = DeltaCoder(**CODERS[name]), oracle[f"{name}.anchors"]
    encoded = coder.encode(anchors, oracle["gt"])
    close = {"atol": 1e-4, "rtol": 1e-5}
    torch.testing.assert_close(encoded, oracle[f"{name}.encoded"], **close)
    decoded = coder.decode(anchors, oracle["deltas"])
    torch.testing.assert_close(decoded, oracle[f"{name}.decoded"], **close)
    held = coder.decode(anchors, oracle["deltas"], (200, 240))
    torch.testing.assert_close(held, oracle[f"{name}.decoded_clamped_200x240"], **close)
    back = coder.decode(anchors, encoded)
    torch.testing.assert_close(back, oracle[f"{name}.decoded_encoded"], **close)
    # A convention's own coder may lose a box (mmrotate's oc does); the same ones are lost.
    ious = paired_iou(back.double(), oracle["gt"].double())
    torch.testing.assert_close(ious, oracle[f"{name}.round_trip_iou"], atol=1e-4, rtol=0)


def test_distances_from_a_point(oracle):
    points = oracle["point.points"]
    close = {"atol": 1e-4, "rtol": 1e-5}
    encoded = PointCoder().encode(points, oracle["gt"])
    torch.testing.assert_close(encoded, oracle["point.encoded"], **close)
    for convention in ("le90", "oc", "le135"):
        found = PointCoder(convention).decode(points, oracle["point.distances"])
        torch.testing.assert_close(found, oracle[f"point.decoded_{convention}"], **close)


def test_priors():
    oracle = {k: torch.from_numpy(v) for k, v in np.load(oracle_file("rotated/priors.npz")).items()}
    sizes = [(5, 3), (3, 2), (2, 1), (1, 1), (1, 1)]
    cpu = torch.device("cpu")
    for level, (size, stride) in enumerate(zip(sizes, STRIDES, strict=True)):
        found = [
            ("retinanet.none", anchors_of(size, stride, SCALES, RATIOS, cpu)),
            ("atss.none", anchors_of(size, stride, [4], [1], cpu)),
            ("fcos", points_of(size, stride, 0.5, cpu)),
        ]
        for name, priors in found:
            wanted = oracle[f"{name}.level{level}"]
            torch.testing.assert_close(priors, wanted, atol=1e-4, rtol=0)


def test_a_box_with_its_longer_side_first_is_the_same_rectangle():
    boxes = torch.tensor([[5.0, 6, 2, 8, 0.3], [5, 6, 8, 2, 0.3], [5, 6, 4, 4, 0.0]])
    found = longer_first(boxes)
    assert (found[:, 2] >= found[:, 3]).all()
    torch.testing.assert_close(paired_iou(found, boxes), torch.ones(3))
    torch.testing.assert_close(regularised(boxes), found)


def test_offsets_are_measured_along_the_sides():
    box = torch.tensor([10.0, 20, 6, 4, torch.pi / 2])
    torch.testing.assert_close(offsets(torch.tensor([10.0, 23]), box), torch.tensor([3.0, 0]))
    torch.testing.assert_close(
        turned(torch.tensor([3.0, 0]), torch.tensor(torch.pi / 2)), torch.tensor([0.0, 3])
    )
