from dataclasses import replace

import cv2
import numpy as np
import pytest

from tcm.data.transforms.crop_size import RandomCropSize
from tcm.errors import ConfigError
from tcm.registry import TRANSFORMS
from tcm.structures import Sample, TextInstances
from tests.data.transforms.crop_samples import (
    has_whole_text,
    icdar2015_annotations,
    scattered,
)

RULES = ["authors", "one_text"]
PSENET = [
    {
        "type": "ResizeShortSide",
        "short_size": 736,
        "divisor": 32,
        "ratio_range": [0.7, 1.3],
        "aspect_ratio_range": [0.9, 1.1],
    },
    {"type": "RandomFlip", "prob": 0.0},  # a mirrored text has no transcription to be told by
    {"type": "RandomRotate", "max_angle_deg": 10},
]


def start_probabilities(start: Sample, size: tuple[int, int]) -> np.ndarray:
    """Return the probability (rows, columns) of each first corner of the crop by PSENet's rule.

    It looks for the texts on a map of their pixels, as the authors do.
    """
    pixels = np.zeros(start.size, np.uint8)
    for polygon in start.instances.polygons:
        cv2.fillPoly(pixels, [polygon.astype(np.int32)], 1)
    near, anywhere = [], []
    for axis in (0, 1):
        side = start.size[axis]
        extent = min(size[axis], side)
        seen = np.flatnonzero(pixels.any(axis=1 - axis))
        low = max(seen[0] - extent, 0)
        high = min(max(seen[-1] - extent, 0), side - extent)
        positions = np.arange(side - extent + 1)
        near.append(((positions >= low) & (positions <= high)) / (high + 1 - low))
        anywhere.append(np.ones(len(positions)) / len(positions))
    return 5 / 8 * np.outer(*near) + 3 / 8 * np.outer(*anywhere)


def _three_words(size: tuple[int, int] = (90, 200)) -> Sample:
    polygons = [[[x, 40], [x + 20, 40], [x + 20, 50], [x, 50]] for x in (10, 90, 160)]
    instances = TextInstances(polygons, ignored=[False, False, True])
    return Sample(np.zeros((*size, 3), np.uint8), "image", instances)


@pytest.mark.parametrize("seed", range(4))
def test_positions_are_drawn_by_the_authors_rule(seed: int) -> None:
    rng, size, count = np.random.default_rng(seed), (9, 12), 1000
    start = scattered(rng)
    crop = RandomCropSize(size)
    expected = start_probabilities(start, size)
    found = np.zeros(expected.shape)
    for _ in range(count):
        left, top = -crop(start, rng).matrix[:2, 2].astype(int)
        found[top, left] += 1 / count
    for axis in (0, 1):
        ours, theirs = found.sum(axis=axis), expected.sum(axis=axis)
        assert (abs(ours - theirs) <= 4.5 * np.sqrt(theirs * (1 - theirs) / count)).all()


def test_ignored_texts_draw_the_crop_by_the_authors_rule_only() -> None:
    start = _three_words()
    far = replace(start, instances=start.instances.select([2]))
    rng = np.random.default_rng(0)
    for rule, least in (("authors", 132), ("one_text", 0)):
        crop = RandomCropSize([32, 48], 1.0, rule)
        starts = [-crop(far, rng).matrix[0, 2] for _ in range(200)]
        assert least - 20 <= min(starts) <= least + 5 and max(starts) >= 125


def test_as_many_crops_lack_a_whole_text_as_by_the_authors_rule() -> None:
    rng, size = np.random.default_rng(0), (12, 16)
    starts = [scattered(rng) for _ in range(200)]
    expected = []
    for start in starts:
        probabilities = start_probabilities(start, size)
        top, left = np.indices(probabilities.shape)
        holds = np.zeros(probabilities.shape, bool)
        for polygon in np.array(start.instances.polygons)[~start.instances.ignored]:
            (x0, y0), (x1, y1) = polygon.min(axis=0), polygon.max(axis=0)
            holds |= (left <= x0) & (x1 <= left + 16) & (top <= y0) & (y1 <= top + 12)
        expected.append(1 - probabilities[holds].sum())
    assert 0.3 < np.mean(expected) < 0.8
    shares = {}
    for rule in RULES:
        crop = RandomCropSize(size, rule=rule)
        shares[rule] = np.mean([not has_whole_text(crop(s, rng)) for s in starts for _ in range(9)])
    assert shares["authors"] == pytest.approx(np.mean(expected), abs=0.03)
    assert shares["one_text"] < shares["authors"] - 0.06


@pytest.mark.parametrize(("rule", "share"), [("authors", 0.192), ("one_text", 0.096)])
def test_share_of_crops_without_a_whole_text_on_icdar2015(rule: str, share: float) -> None:
    rng = np.random.default_rng(0)
    starts = [s for s in icdar2015_annotations() if not s.instances.ignored.all()]
    crop = {"type": "RandomCropSize", "size": [736, 736], "rule": rule}
    chain = TRANSFORMS.build({"type": "RandomApply", "prob": 1.0, "transforms": [*PSENET, crop]})
    lacking = [not has_whole_text(chain(start, rng)) for start in starts]
    assert np.mean(lacking) == pytest.approx(share, abs=0.03)


def test_crop_of_one_text_holds_it_when_it_should() -> None:
    transform = RandomCropSize([32, 48], 1.0, "one_text")
    rng = np.random.default_rng(0)
    starts = set()
    for _ in range(200):
        crop = transform(_three_words(), rng)
        assert crop.size == crop.valid_size == (32, 48)
        whole = [np.ptp(p[:, 0]) == 20 and np.ptp(p[:, 1]) == 10 for p in crop.instances.polygons]
        assert any(w for w, i in zip(whole, crop.instances.ignored, strict=True) if not i)
        starts.add((-crop.matrix[0, 2], -crop.matrix[1, 2]))
    assert len(starts) > 50
    assert min(s[0] for s in starts) == 0 and max(s[0] for s in starts) <= 90


@pytest.mark.parametrize("rule", RULES)
def test_crop_of_a_smaller_image_is_padded(rule: str) -> None:
    crop = RandomCropSize([128, 64], rule=rule)(_three_words(), np.random.default_rng(0))
    assert crop.size == (128, 64) and crop.valid == (90, 64)


def test_crop_of_one_text_larger_than_itself_cuts_and_keeps_it() -> None:
    crop = RandomCropSize([8, 8], 1.0, "one_text")(_three_words(), np.random.default_rng(3))
    assert len(crop.instances) == 1
    assert crop.instances.polygons[0].min() >= 0 and crop.instances.polygons[0].max() <= 8


def test_a_share_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match="positive_ratio"):
        RandomCropSize([8, 8], 1.5)
