import cv2
import numpy as np
import pytest
import torch

from tcm.data.loading.collate import collate
from tcm.errors import ConfigError
from tcm.models.detectors import kernels
from tcm.models.detectors.panet.targets import PANTargets
from tcm.registry import TRANSFORMS
from tcm.structures import Sample, TextInstances
from tests.conftest import oracle_file
from tests.mmocr_offsets import integer_offsets
from tests.oracle_polygons import polygons_of, rectangle

RNG = np.random.default_rng(0)


def sample_of(polygons, size, ignored=None):
    image = np.zeros((*size, 3), np.uint8)
    return Sample(image, "synthetic", TextInstances(list(polygons), ignored=ignored))


def maps_of(polygons, size, ignored=None, **options):
    return PANTargets(**options)(sample_of(polygons, size, ignored), RNG).maps


def assert_same_but_for_the_rim(found, wanted):
    # Versions of OpenCV differ in single pixels on the rim of filled polygons.
    kernel = np.ones((3, 3), np.uint8)
    rim = cv2.dilate(wanted, kernel) != cv2.erode(wanted, kernel)
    np.testing.assert_array_equal(found[~rim], wanted[~rim])
    assert (found != wanted).sum() <= 0.002 * (wanted > 0).sum()


def parity(ratio, whole=np.trunc):
    data = np.load(oracle_file("heads/panet_targets.npz"))
    polygons = [whole(polygon) for polygon in polygons_of(data, "polys")]
    distance = float(data["cfg.max_shrink_dist"])
    size = tuple(data["size"].tolist())
    return maps_of(polygons, size, data["ignored"], kernel_ratio=ratio, max_distance=distance)


def without_dropped(data, kernel):
    """Return a kernel map without the texts that MMOCR leaves out of it, where ours are whole."""
    dropped = data["dropped"][:, 1] > 0
    polygons = [np.trunc(polygon) for polygon in polygons_of(data, "polys")]
    left_out = [polygon for polygon, gone in zip(polygons, dropped, strict=True) if gone]
    return np.where(maps_of(left_out, kernel.shape)["text_map"] > 0, 0, kernel).astype(np.uint8)


@pytest.mark.parametrize("which", ["kernels", "kernels_ratio07"])
def test_maps_are_those_of_mmocr(which, monkeypatch):
    monkeypatch.setattr(kernels, "offset_polygons", integer_offsets)
    data = np.load(oracle_file("heads/panet_targets.npz"))
    ratio = 0.7 if which == "kernels_ratio07" else float(data["cfg.ratios"][1])
    maps = parity(ratio)
    text, kernel = data[which]
    assert {name: m.dtype for name, m in maps.items()} == {
        "text_map": np.int16,
        "kernel_map": np.uint8,
        "text_mask": np.uint8,
        "pixel_rows": np.int16,
        "instance_rows": np.uint8,
    }
    assert_same_but_for_the_rim(maps["text_map"], text.astype(np.int16))
    found, wanted = (without_dropped(data, k) for k in (maps["kernel_map"], kernel > 0))
    assert_same_but_for_the_rim(found, wanted)
    assert_same_but_for_the_rim(maps["text_mask"], data["mask"])


def test_exact_shrinking_stays_within_a_pixel_of_mmocr():
    data = np.load(oracle_file("heads/panet_targets.npz"))
    maps = parity(float(data["cfg.ratios"][1]), whole=np.asarray)
    for name, wanted in zip(("text_map", "kernel_map"), data["kernels"], strict=True):
        a, b = (without_dropped(data, m > 0) > 0 for m in (maps[name], wanted))
        assert (a & b).sum() / (a | b).sum() > 0.85


def test_a_vanished_kernel_is_the_whole_text():
    hourglass = np.array([[4, 4], [60, 4], [34, 24], [60, 44], [4, 44], [30, 24]], np.float32)
    kept = maps_of([hourglass], (48, 64))
    np.testing.assert_array_equal(kept["kernel_map"], kept["text_map"])
    assert kept["kernel_map"].any()


def test_golden_rectangle():
    box = np.array([[10, 20], [110, 20], [110, 60], [10, 60]])
    maps = maps_of([rectangle(8, 6, (4, 4)), box], (80, 128))
    rows, columns = np.nonzero(maps["text_map"] == 2)
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (10, 20, 110, 60)
    # Area 4000, perimeter 280: shrunk by 4000 * 0.75 / 280 = 10.71.
    rows, columns = np.nonzero(maps["kernel_map"][:, 12:])
    assert (columns.min() + 12, rows.min(), columns.max() + 12, rows.max()) == (21, 31, 99, 49)


def test_the_distance_has_a_limit():
    box = np.array([[0, 0], [200, 0], [200, 160], [0, 160]])
    for limit, first in ((20.0, 20), (5.0, 5), (None, 33)):  # 33.3 px without a limit
        kernel = maps_of([box], (161, 201), max_distance=limit)["kernel_map"]
        assert np.flatnonzero(kernel[80])[0] == first


def test_ignored_texts_are_masked_and_do_not_change_the_numbers():
    first, second = rectangle(20, 12, (16, 10)), rectangle(20, 12, (40, 30))
    maps = maps_of([first, second], (48, 64), np.array([True, False]))
    assert maps["text_map"][30, 40] == 2
    assert maps["text_mask"][10, 16] == 0
    assert maps["text_mask"][30, 40] == maps["text_mask"][47, 0] == 1


def test_without_text_all_pixels_are_background():
    maps = maps_of([], (48, 64))
    assert maps["text_mask"].all()
    assert not maps["text_map"].any()
    assert not maps["kernel_map"].any()
    assert all(m.shape == (48, 64) for name, m in maps.items() if not name.endswith("_rows"))
    assert maps["pixel_rows"].shape == (0, 3) and maps["instance_rows"].shape == (0,)


def test_the_pixels_of_texts_that_are_not_ignored_are_listed():
    first, second, third = (rectangle(20, 12, (x, 20)) for x in (16, 32, 48))
    maps = maps_of([first, second, third], (48, 64), np.array([False, True, False]))
    rows, columns, numbers = maps["pixel_rows"].T
    drawn = np.zeros((48, 64), np.int16)
    drawn[rows, columns] = numbers
    np.testing.assert_array_equal(drawn, maps["text_map"] * maps["text_mask"])
    assert len(rows) == np.count_nonzero(drawn) and set(numbers) == {1, 3}
    assert maps["instance_rows"].tolist() == [1, 1, 1]


def test_a_batch_keeps_the_types_and_does_not_count_its_padding():
    samples = [
        PANTargets()(sample_of([rectangle(20, 12, (16, 10))], size), RNG)
        for size in ((32, 64), (24, 40))
    ]
    targets = collate(samples).targets
    types = {name: target.dtype for name, target in targets.items()}
    assert types == {
        "text_map": torch.int16,
        "kernel_map": torch.uint8,
        "text_mask": torch.uint8,
        "pixel_rows": torch.int16,
        "instance_rows": torch.uint8,
    }
    assert targets["text_mask"][1].sum() == 24 * 40
    assert targets["text_map"][1].max() == 1


def test_the_sample_is_left_alone():
    polygon, ignored = rectangle(40, 16, (30, 30), 15), np.array([False, True])
    sample = sample_of([polygon.copy(), rectangle(20, 6, (10, 10))], (64, 64), ignored)
    sample.maps["other"] = np.zeros(1)
    result = PANTargets()(sample, RNG)
    np.testing.assert_array_equal(sample.instances.polygons[0], polygon)
    assert list(sample.maps) == ["other"]
    assert set(result.maps) == {"other", *maps_of([], (64, 64))}
    assert result.instances is sample.instances


def test_wrong_options_are_config_errors():
    with pytest.raises(ConfigError, match="kernel_ratio"):
        TRANSFORMS.build({"type": "PANTargets", "kernel_ratio": 1.0})
