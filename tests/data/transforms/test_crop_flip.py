import numpy as np
import pytest

from tcm.data.transforms.crop_flip import RandomCropFlip
from tcm.data.transforms.geometric import FitInto, RandomScale
from tcm.data.transforms.warp import Warp
from tcm.errors import ConfigError
from tcm.geometry.polygons import signed_area
from tcm.structures import Sample, TextInstances
from tests.data.builders import box, sample


def painted(instances: TextInstances, height: int = 48, width: int = 64) -> np.ndarray:
    """Return an image (H, W, 3) where each box with whole corners has its label's own grey."""
    image = np.zeros((height, width, 3), np.uint8)
    for polygon, label in zip(instances.polygons, instances.labels, strict=True):
        left, top, right, bottom = (*polygon.min(axis=0).astype(int), *polygon.max(0).astype(int))
        image[top:bottom, left:right] = 50 + 10 * (int(label) - 7)
    return image


def words(rng: np.random.Generator) -> Sample:
    """Return up to six disjoint words, painted, every second one ignored."""
    cells = rng.permutation(12)[: rng.integers(1, 7)]
    corners = [(16 * (cell % 4), 16 * (cell // 4)) for cell in cells]
    polygons = []
    for x, y in corners:
        left, top = x + rng.integers(0, 6), y + rng.integers(0, 6)
        polygons.append(box(left, top, left + rng.integers(2, 11), top + rng.integers(2, 11)))
    count = np.arange(len(polygons))
    instances = TextInstances(
        polygons, [f"w{i}" for i in count], ignored=count % 2 == 1, labels=count + 7
    )
    return Sample(painted(instances), "words", instances)


def test_pixels_and_polygons_move_together_and_no_text_is_cut() -> None:
    rng = np.random.default_rng(0)
    moved = 0
    for _ in range(300):
        start = words(rng)
        out = RandomCropFlip(1.0)(start, rng)
        np.testing.assert_array_equal(out.image, painted(out.instances))
        np.testing.assert_array_equal(out.instances.ignored, start.instances.ignored)
        np.testing.assert_array_equal(out.instances.labels, start.instances.labels)
        assert all(signed_area(polygon) > 0 for polygon in out.instances.polygons)
        moved += not np.array_equal(out.image, start.image)
    assert moved > 200


def test_mirrored_texts_are_dropped_and_those_turned_by_half_a_turn_stay() -> None:
    seen = set()
    for seed in range(200):
        start = words(np.random.default_rng(seed))
        out = RandomCropFlip(1.0)(start, np.random.default_rng(seed)).instances
        for i, (before, after) in enumerate(
            zip(start.instances.polygons, out.polygons, strict=True)
        ):
            # The offset of the first vertex from the middle tells where it went.
            first, now = (polygon[0] - polygon.mean(axis=0) for polygon in (before, after))
            if np.array_equal(before, after) and out.texts[i] is not None:
                kind = "left alone"
            elif np.allclose(now, -first, atol=1e-4):
                kind = "turned"
            else:
                np.testing.assert_allclose(now, first, atol=1e-4)  # top left again
                kind = "mirrored"
            assert out.texts[i] == (None if kind == "mirrored" else start.instances.texts[i])
            seen.add(kind)
    assert seen == {"left alone", "turned", "mirrored"}


def test_all_three_directions_occur() -> None:
    corner = np.zeros((48, 64, 3), np.uint8)
    corner[0, 0] = 255
    rng = np.random.default_rng(0)
    # Only the whole image is large enough; a wide band makes it likely.
    flip = RandomCropFlip(1.0, min_area_ratio=1.0, pad_ratio=1.0, max_tries=1000)
    start = Sample(corner, "", TextInstances())
    places = {tuple(np.argwhere(flip(start, rng).image[..., 0])[0]) for _ in range(50)}
    assert places == {(0, 63), (47, 0), (47, 63)}


def test_patches_have_their_least_area() -> None:
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[0:48, 0:64]
    start = Sample(np.stack([rows, columns, rows], axis=2).astype(np.uint8), "", TextInstances())
    areas = []
    for _ in range(200):
        changed = (RandomCropFlip(1.0, 0.3)(start, rng).image != start.image).any(axis=2)
        if changed.any():
            y, x = np.nonzero(changed)
            areas.append((np.ptp(x) + 1) * (np.ptp(y) + 1))
    assert len(areas) > 150
    assert min(areas) >= 0.3 * 48 * 64
    assert len(set(areas)) > 50


def test_nothing_is_mirrored_if_no_patch_is_found() -> None:
    start = words(np.random.default_rng(0))
    assert RandomCropFlip(1.0, min_area_ratio=1.01)(start, np.random.default_rng(0)) is start


def test_it_happens_with_its_probability() -> None:
    rng, start = np.random.default_rng(0), sample(polygons=[])
    flip = RandomCropFlip(0.25, min_area_ratio=0.01, max_tries=100)
    assert 70 <= sum(flip(start, rng) is not start for _ in range(400)) <= 130


def test_padding_stays_where_it_is() -> None:
    rng = np.random.default_rng(0)
    bright = sample(40, 20, [])
    bright.image[:] = np.maximum(bright.image, 1)
    padded = Warp()(FitInto([64, 64])(bright, rng), rng)
    for _ in range(20):
        out = RandomCropFlip(1.0)(padded, rng)
        assert (out.image[:, 32:] == 0).all()
        assert (out.image[:, :32] > 0).all()


def test_it_is_refused_where_pixels_and_plan_differ() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ConfigError, match="before all geometric transforms or after Warp"):
        RandomCropFlip(0.0)(RandomScale((2.0, 3.0))(sample(), rng), rng)


def test_input_is_left_alone() -> None:
    start = words(np.random.default_rng(4))
    image, polygons = start.image.copy(), [p.copy() for p in start.instances.polygons]
    for seed in range(10):
        RandomCropFlip(1.0)(start, np.random.default_rng(seed))
    np.testing.assert_array_equal(start.image, image)
    np.testing.assert_array_equal(start.instances.polygons, polygons)
