import numpy as np
import pytest

from tcm.errors import ConfigError, DataError
from tcm.geometry.bezier import polygon_to_bezier
from tcm.models.spotters.abcnet.levels import RANGES, STRIDES, level_size
from tcm.models.spotters.abcnet.targets import ABCNetTargets, assign_locations
from tcm.structures import Sample, TextInstances
from tests.conftest import oracle_file
from tests.models.spotters.abcnet.dense import LEVELS
from tests.models.spotters.abcnet.test_recognizer import CHARSET
from tests.oracle_polygons import polygons_of, rectangle

SIZE = (64, 96)
TEXT = rectangle(40, 16, (48, 30), 10)


@pytest.fixture(scope="module")
def oracle():
    return np.load(oracle_file("abcnet/fcos_targets_losses.npz"))


def sample_of(polygons, texts=None, ignored=None, size=SIZE, **rest):
    instances = TextInstances(polygons, texts=texts, ignored=ignored)
    return Sample(np.zeros((*size, 3), np.uint8), "image", instances, **rest)


def rows(sample, charset=CHARSET, **options):
    return ABCNetTargets(charset, **options)(sample, np.random.default_rng(0)).maps


def brute_force(boxes, size):
    """Return the set of (level, row, column, box + 1), location by location."""
    found = set()
    for level, (stride, (low, high)) in enumerate(zip(STRIDES, RANGES, strict=True)):
        height, width = level_size(size, stride)
        for row, column in np.ndindex(height, width):
            x, y = column * stride + stride // 2, row * stride + stride // 2
            best = None
            for i, (x1, y1, x2, y2) in enumerate(boxes.tolist()):
                cx, cy, reach = (x1 + x2) / 2, (y1 + y2) / 2, 1.5 * stride
                sides = (x - x1, y - y1, x2 - x, y2 - y)
                near = (abs(x - cx) < reach, abs(y - cy) < reach, min(sides) > 0)
                area = (x2 - x1) * (y2 - y1)
                if all(near) and low <= max(sides) <= high and (best is None or area < best[0]):
                    best = area, i
            if best is not None:
                found.add((level, row, column, best[1] + 1))
    return found


def test_the_assignment_of_mmocr(oracle):
    size = tuple(oracle["cfg.image_size"].tolist())
    for image in range(2):
        kept = np.flatnonzero(oracle[f"gt{image}.ignored"] == 0)
        table = assign_locations(oracle[f"gt{image}.bboxes"][kept], size)
        for i, (level, stride) in enumerate(LEVELS):
            found = np.full(level_size(size, stride), -1)
            _, row, column, text = table[table[:, 0] == i].T
            found[row, column] = kept[text - 1]
            np.testing.assert_array_equal(found, oracle[f"matched.{level}"][image])
            np.testing.assert_array_equal(found < 0, oracle[f"labels.{level}"][image])


def test_the_assignment_by_brute_force():
    rng = np.random.default_rng(3)
    corners = rng.uniform(0, 150, (30, 2))
    sides = rng.uniform(2, 200, (30, 2))
    boxes = np.concatenate([corners, corners + sides], axis=1).clip(0, 200).astype(np.float32)
    boxes[20] = boxes[4]  # of equal boxes the first is learnt
    boxes[21] = [10, 20, 74, 36]  # as far from the edge as two levels reach
    found = assign_locations(boxes, (200, 200))
    assert {tuple(row) for row in found.tolist()} == brute_force(boxes, (200, 200))
    assert len(np.unique(found[:, :3], axis=0)) == len(found)


def test_the_beziers_are_the_fits_of_the_polygons(oracle):
    for image in range(2):
        polygons = polygons_of(oracle, f"gt{image}.polys")
        maps = rows(sample_of(polygons, size=tuple(oracle["cfg.image_size"].tolist())))
        np.testing.assert_allclose(
            maps["bezier_rows"], oracle[f"gt{image}.beziers"], atol=1e-3, rtol=1e-6
        )


def test_types_and_shapes():
    maps = rows(sample_of([TEXT, TEXT + 9], ["Ab", None]), length=7)
    described = {name: (m.dtype.name, m.shape[1:]) for name, m in maps.items()}
    assert described == {
        "box_rows": ("float32", (4,)),
        "bezier_rows": ("float32", (16,)),
        "text_rows": ("int64", (7,)),
        "valid_rows": ("uint8", ()),
        "readable_rows": ("uint8", ()),
        "location_rows": ("int64", (4,)),
        "matching_map": ("uint8", (SIZE[1],)),
        "matching_mask": ("uint8", (SIZE[1],)),
    }
    assert maps["text_rows"].tolist() == [[33, 66, 96, 96, 96, 96, 96], [96] * 7]
    assert maps["readable_rows"].tolist() == [1, 0]
    assert maps["valid_rows"].tolist() == [1, 1]
    wanted = polygon_to_bezier(TEXT + 9).ravel()
    np.testing.assert_allclose(maps["bezier_rows"][1], wanted, rtol=1e-6)


@pytest.mark.parametrize(("text", "readable"), [("a", 1), ("", 0), (None, 0), ("é", 1), ("   ", 1)])
def test_what_is_readable(text, readable):
    assert rows(sample_of([TEXT], [text]))["readable_rows"].tolist() == [readable]


def test_the_charsets_policy_for_other_characters_holds():
    sample = sample_of([TEXT, TEXT + 5], ["é", "né"])
    readable = {
        policy: rows(sample, {"name": CHARSET, "unknown": policy})["readable_rows"].tolist()
        for policy in ("class", "drop", "ignore")
    }
    assert readable == {"class": [1, 1], "drop": [0, 1], "ignore": [0, 0]}
    with pytest.raises(DataError, match="é"):
        rows(sample, {"name": CHARSET, "unknown": "error"})


def test_ignored_and_invisible_texts_are_dropped():
    outside = TEXT + [200, 0]
    flat = np.array([[10, 10], [20, 10], [30, 10], [15, 10]], np.float32)
    polygons = [outside, TEXT, flat, TEXT + 20]
    maps = rows(sample_of(polygons, list("abcd"), np.array([False, True, False, False])))
    assert maps["text_rows"][:, 0].tolist() == [68]  # d
    assert set(maps["location_rows"][:, 3].tolist()) == {1}
    assert maps["matching_mask"][30, 48] == 0
    assert maps["matching_map"][30, 48] == 0
    assert maps["matching_map"][50, 68] == 1
    assert maps["matching_mask"][50, 80] == 1


def test_boxes_are_clipped_to_the_part_that_is_not_padding_and_beziers_are_not():
    maps = rows(sample_of([TEXT + [30, 0]], valid=(SIZE[0], 80)))
    assert maps["box_rows"][0, 2] == 80
    assert maps["bezier_rows"][0, 0::2].max() > 96


@pytest.mark.parametrize("ignored", [None, np.array([True])])
def test_images_without_anything_to_learn(ignored):
    maps = rows(sample_of([] if ignored is None else [TEXT], ignored=ignored))
    shapes = {name: m.shape for name, m in maps.items() if name.endswith("_rows")}
    assert shapes == {
        "box_rows": (0, 4), "bezier_rows": (0, 16), "text_rows": (0, 25), "valid_rows": (0,),
        "readable_rows": (0,), "location_rows": (0, 4),
    }  # fmt: skip


def test_the_sample_is_left_alone_and_other_maps_are_kept():
    sample = sample_of([TEXT], ["a"], maps={"other": np.ones(3)})
    before = sample.instances.polygons[0].copy()
    maps = rows(sample)
    assert "other" in maps
    assert list(sample.maps) == ["other"]
    np.testing.assert_array_equal(sample.instances.polygons[0], before)


@pytest.mark.parametrize(
    ("options", "text"),
    [({"length": 0}, "length"), ({"radius": 0}, "radius")],
)
def test_mistakes(options, text):
    with pytest.raises(ConfigError, match=text):
        ABCNetTargets(CHARSET, **options)
