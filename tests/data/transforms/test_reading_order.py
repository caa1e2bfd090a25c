"""What holds for all transforms: a text that is kept is whole, and begins where it is read."""

import numpy as np
import pytest

from tcm.data.transforms.sides import LEGIBLE_SHARE
from tcm.geometry.bezier import polygon_sides
from tcm.geometry.polygons import area, clip_to_box, transform_points
from tcm.registry import TRANSFORMS
from tcm.structures import Sample, TextInstances
from tests.data.builders import box
from tests.data.transforms.test_every_transform import ARGUMENTS, NAMES

ARCH = [[6, 30], [16, 22], [28, 20], [40, 26], [36, 34], [26, 29], [18, 30], [12, 36]]
ODD = [[50, 10], [70, 6], [90, 10], [90, 20], [76, 16], [64, 16], [50, 20]]
DOWNWARDS = [[90, 30], [90, 60], [78, 60], [78, 30]]  # read from top to bottom
TEXTS = [np.array(p, np.float32) for p in (ARCH, ODD, DOWNWARDS, box(10, 44, 60, 58))]
# RandomCropFlip has a test of its own; WordAugment keeps the label of a word crop on purpose.
HERE = [name for name in NAMES if name not in ("RandomCropFlip", "WordAugment")]
# Mirroring transforms are apart: they take the text away.
MIRRORING = {
    "RandomApply": {"prob": 0.7, "transforms": [{"type": "RandomRotate"}]},
    "RandomFlip": {"prob": 1.0, "direction": "diagonal"},
}


def start() -> Sample:
    texts = TextInstances(TEXTS, [f"w{i}" for i in range(4)], labels=np.arange(4))
    return Sample(np.full((64, 96, 3), 128, np.uint8), "words", texts)


def outs(name: str, arguments: dict, seeds: int = 30) -> list[Sample]:
    transform = TRANSFORMS.build({"type": name, **arguments})
    return [transform(start(), np.random.default_rng(seed)) for seed in range(seeds)]


@pytest.mark.parametrize("name", HERE)
def test_a_text_that_is_kept_has_its_vertices_in_their_order(name: str) -> None:
    seen = 0
    for out in outs(name, MIRRORING.get(name, ARGUMENTS[name]), 90):
        height, width = out.valid_size
        for text, label, polygon in zip(
            out.instances.texts, out.instances.labels, out.instances.polygons, strict=True
        ):
            moved = transform_points(TEXTS[label], out.matrix)
            inside = (moved >= -0.01).all() and (moved <= np.array([width, height]) + 0.01).all()
            if inside:
                np.testing.assert_allclose(polygon, moved, atol=1e-3)
            if text is None:
                continue
            assert text == f"w{label}"
            for side, before in zip(polygon_sides(polygon), polygon_sides(moved), strict=True):
                # A cut moves the ends of a side by a little (at a corner up to the middle of the
                # text's end), and never turns it around.
                assert np.dot(side[-1] - side[0], before[-1] - before[0]) > 0
                end = max(np.linalg.norm(moved[i] - moved[i - 1]) for i in (0, len(moved) // 2))
                reach = 2 * (1 - LEGIBLE_SHARE) * np.linalg.norm(np.ptp(moved, axis=0)) + end / 2
                assert np.linalg.norm(side[0] - before[0]) < reach
                assert np.linalg.norm(side[-1] - before[-1]) < reach
            seen += 1
    assert seen >= 20


@pytest.mark.parametrize("name", HERE)
def test_a_text_is_kept_if_and_only_if_it_is_whole_and_not_mirrored(name: str) -> None:
    for out in outs(name, ARGUMENTS[name]):
        height, width = out.valid_size
        is_mirrored = np.linalg.det(out.matrix[:2, :2]) < 0
        for text, label in zip(out.instances.texts, out.instances.labels, strict=True):
            moved = transform_points(TEXTS[label], out.matrix)
            parts = clip_to_box(moved, (0, 0, width, height))
            share = sum(map(area, parts)) / area(moved)
            if abs(share - LEGIBLE_SHARE) > 1e-3:
                legible = share >= LEGIBLE_SHARE and len(parts) == 1
                assert (text is not None) == (legible and not is_mirrored)


@pytest.mark.parametrize("name", ["RandomCropText", "RandomCropAroundText", "RandomCropInstance"])
def test_crops_between_texts_cut_none(name: str) -> None:
    for out in outs(name, ARGUMENTS[name], 100):
        for text, label, polygon in zip(
            out.instances.texts, out.instances.labels, out.instances.polygons, strict=True
        ):
            assert text == f"w{label}"
            moved = transform_points(TEXTS[label], out.matrix)
            np.testing.assert_allclose(polygon, moved, atol=1e-3)


@pytest.mark.parametrize("direction", ["horizontal", "vertical"])
def test_mirrored_texts_are_none_and_their_sides_those_that_are_seen(direction: str) -> None:
    (out,) = outs("RandomFlip", {"prob": 1.0, "direction": direction}, 1)
    assert out.instances.texts == [None] * 4
    upright = out.instances.polygons[3]
    left, top, right, bottom = (*upright.min(axis=0), *upright.max(axis=0))
    np.testing.assert_allclose(upright, box(left, top, right, bottom))
    arch = out.instances.polygons[0]
    upper, lower = polygon_sides(arch)
    assert (np.diff(upper[:, 0]) > 0).all()
    assert (np.diff(lower[:, 0]) < 0).all()
    assert upper[:, 1].mean() < lower[:, 1].mean()
