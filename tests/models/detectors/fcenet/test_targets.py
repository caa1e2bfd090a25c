import cv2
import numpy as np
import pytest

from tcm.data.loading.collate import collate
from tcm.errors import ConfigError
from tcm.models.detectors.fcenet.targets import FCETargets
from tcm.registry import TRANSFORMS
from tests.conftest import oracle_file
from tests.models.detectors.fcenet.oracle import (
    LEVELS,
    curved_word,
    maps_of,
    mmocr_targets,
    sample_of,
)
from tests.oracle_polygons import polygons_of, rectangle

REGIONS = {"text": "tr", "center": "tcl", "mask": "train_mask"}
SIZE = (256, 320)


def options_of(data):
    return {
        "strides": data["cfg.level_size_divisors"].tolist(),
        "center_ratio": float(data["cfg.center_region_shrink_ratio"]),
        "resample_step": float(data["cfg.resample_step"]),
    }


def assert_same_regions(found, wanted):
    """Check equality but for single pixels on rims, where versions of OpenCV differ."""
    kernel = np.ones((3, 3), np.uint8)
    rim = cv2.dilate(wanted, kernel) != cv2.erode(wanted, kernel)
    np.testing.assert_array_equal(found[~rim], wanted[~rim])
    assert (found != wanted).sum() <= max(2, 0.02 * wanted.sum())


@pytest.mark.parametrize("ranges", ["default", "narrow"])
def test_the_regions_are_those_of_mmocr(ranges):
    data = np.load(oracle_file("heads/fcenet_targets.npz"))
    pairs = data[f"{ranges}.ranges"].astype(np.float64).round(6).tolist()
    maps = mmocr_targets(data, level_ranges=pairs, **options_of(data))
    for i, level in enumerate(LEVELS):
        for ours, theirs in REGIONS.items():
            assert maps[f"{ours}_{i}"].dtype == np.uint8
            assert_same_regions(maps[f"{ours}_{i}"], data[f"{ranges}.{level}.{theirs}"])


def test_the_signatures_are_those_of_mmocr():
    data = np.load(oracle_file("heads/fcenet_targets.npz"))
    maps = mmocr_targets(data, **options_of(data))
    for i, level in enumerate(LEVELS):
        wanted = np.concatenate([data[f"default.{level}.{part}"] for part in ("real", "imag")])
        inside = (maps[f"text_{i}"] == 1) & (data[f"default.{level}.tr"] == 1)
        assert maps[f"fourier_{i}"].dtype == np.float32
        np.testing.assert_allclose(maps[f"fourier_{i}"][:, inside], wanted[:, inside], atol=1e-4)
        assert not maps[f"fourier_{i}"][:, (maps[f"text_{i}"] == 0)].any()


@pytest.mark.parametrize("image", [0, 1])
def test_the_targets_of_the_losses_are_those_of_mmocr(image):
    data = np.load(oracle_file("heads/fcenet_losses.npz"))
    maps = mmocr_targets(data, str(image))
    for i, level in enumerate(LEVELS):
        for ours, theirs in REGIONS.items():
            assert_same_regions(maps[f"{ours}_{i}"], data[f"gt.{level}.{theirs}"][image])


@pytest.mark.parametrize(
    ("width", "levels"),
    [
        (96, {0}),
        (97, {0, 1}),
        (127, {0, 1}),
        (129, {1}),
        (192, {1}),
        (193, {1, 2}),
        (225, {2}),
        (319, {2}),
        (321, set()),
    ],
)
def test_a_text_is_learnt_where_its_share_of_the_height_lies_within_a_range(width, levels):
    # A box between the first and the last of n pixels is n pixels wide.
    right = 8 + width - 1
    polygon = np.array([[8, 8], [right, 8], [right, 40], [8, 40]], np.float32)
    maps = maps_of([polygon], (320, 352))
    assert {i for i in range(3) if maps[f"text_{i}"].any()} == levels
    masked = maps_of([polygon], (320, 352), [True])
    assert {i for i in range(3) if not masked[f"mask_{i}"].all()} == levels
    assert not any(masked[f"text_{i}"].any() for i in range(3))


def test_texts_of_all_sizes_reach_the_matching_maps():
    polygons = [rectangle(60, 40, (60, 40)), rectangle(300, 100, (160, 160))]
    maps = maps_of(polygons, SIZE)
    assert maps["matching_map"].shape == (8, 10)
    assert maps["matching_map"][5, 5] == maps["matching_map"][1, 2] == 1
    assert maps["matching_map"].dtype == maps["matching_mask"].dtype == np.uint8
    assert maps["matching_mask"].all()
    masked = maps_of(polygons, SIZE, np.array([False, True]))
    assert masked["matching_map"][1, 2] == 1
    assert masked["matching_map"][5, 5] == masked["matching_mask"][5, 5] == 0


def test_the_centre_is_a_narrow_band_within_the_text():
    word = curved_word((160, 128), height=64)
    maps = maps_of([word], SIZE, level_ranges=((0, 1), (0, 1), (0, 1)))
    text, center = maps["text_0"], maps["center_0"]
    assert (center <= cv2.dilate(text, np.ones((3, 3), np.uint8))).all()
    assert 0.1 < center.sum() / text.sum() < 0.5
    rows, columns = np.nonzero(center)
    distance = np.hypot(columns * 8 - 160, rows * 8 - (128 + 75 * (1 + np.cos(0.6))))
    assert np.abs(distance - 150).max() < 0.3 * 32 + 8


def test_the_signature_at_a_pixel_leads_to_the_texts_centre():
    polygon = rectangle(80, 40, (120, 96))
    maps = maps_of([polygon], SIZE, level_ranges=((0, 1), (0, 1), (0, 1)))
    for level, stride in enumerate((8, 16, 32)):
        rows, columns = np.nonzero(maps[f"text_{level}"])
        centre = maps[f"fourier_{level}"][[5, 16]][:, rows, columns] + [columns, rows]
        np.testing.assert_allclose(centre.T * stride, [[120, 96]] * len(rows), atol=0.5)


def test_the_later_of_two_overlapping_texts_wins():
    first, second = rectangle(60, 40, (100, 100)), rectangle(60, 40, (130, 100))
    maps = maps_of([first, second], SIZE)
    alone = maps_of([second], SIZE)
    inside = alone["text_0"] == 1
    np.testing.assert_array_equal(maps["fourier_0"][:, inside], alone["fourier_0"][:, inside])


def test_without_text_all_pixels_are_background():
    maps = maps_of([], (64, 96))
    for i, shape in enumerate([(8, 12), (4, 6), (2, 3)]):
        assert maps[f"mask_{i}"].shape == shape
        assert maps[f"fourier_{i}"].shape == (22, *shape)
        assert maps[f"mask_{i}"].all()
        assert not any(maps[f"{n}_{i}"].any() for n in ("text", "center", "fourier"))
    assert maps["matching_mask"].all()
    assert not maps["matching_map"].any()


def test_any_outline_gives_finite_maps():
    rng = np.random.default_rng(3)
    for count in [*range(3, 13), 60, 500] * 4:
        polygon = rng.uniform(-40, 200, (count, 2)).astype(np.float32)
        kind = rng.integers(6)
        if kind == 0:
            polygon[:, 0] = 40  # a vertical line
        elif kind == 1:
            polygon[:] = polygon[0]  # a point
        elif kind == 2:
            polygon[1:3] = polygon[0]  # repeated points
        elif kind == 3:
            polygon = polygon.round()
        maps = maps_of([polygon], (128, 128), level_ranges=((0, 9), (0, 9), (0, 9)))
        for name, values in maps.items():
            assert np.isfinite(values).all(), name
            assert values.max() <= (1 if values.dtype == np.uint8 else 1000)


def test_collating_pads_the_maps_at_their_strides():
    samples = [sample_of([rectangle(40, 16, (40, 30))], size) for size in ((64, 96), (96, 64))]
    rng = np.random.default_rng(0)
    targets = collate([FCETargets()(sample, rng) for sample in samples]).targets
    assert targets["text_0"].shape == (2, 12, 12)
    assert targets["fourier_1"].shape == (2, 22, 6, 6)
    assert targets["matching_mask"].shape == (2, 3, 3)
    assert targets["mask_2"].sum() == 2 * 6


@pytest.mark.parametrize("options", [{}, {"start_point": "top"}])
def test_the_sample_is_left_alone(options):
    sample = sample_of([rectangle(40, 16, (30, 30), 15), curved_word((60, 60))], (128, 128))
    sample.maps["other"] = np.zeros(1)
    before = [polygon.copy() for polygon in sample.instances.polygons]
    result = FCETargets(**options)(sample, np.random.default_rng(0))
    for polygon, wanted in zip(sample.instances.polygons, before, strict=True):
        np.testing.assert_array_equal(polygon, wanted)
    assert list(sample.maps) == ["other"]
    assert set(result.maps) > {"other", "text_0", "fourier_2", "matching_map"}
    assert result.instances is sample.instances


@pytest.mark.parametrize(
    "options",
    [
        {"start_point": "left"},
        {"level_ranges": ((0, 1),)},
        {"level_ranges": ((0, 1), (0.5, 0.2), (0, 1))},
    ],
)
def test_wrong_options_are_config_errors(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        TRANSFORMS.build({"type": "FCETargets", **options})


def test_sides_that_the_strides_do_not_divide_are_config_errors():
    with pytest.raises(ConfigError, match="72 x 64 must be multiples of 16"):
        maps_of([], (72, 64))


def test_the_proportions_are_those_of_mmocr():
    data = np.load(oracle_file("heads/fcenet_targets.npz"))
    polygons, wanted = polygons_of(data, "polys"), data["proportion"]
    for polygon, share in zip(polygons, wanted, strict=True):
        for low, high, learnt in (
            (share - 1e-4, share + 1e-4, True),
            (0, share - 1e-4, False),
            (share + 1e-4, 9, False),
        ):
            ranges = ((low, high),) * 3
            maps = maps_of([polygon], data["size"], level_ranges=ranges)
            assert maps["text_0"].any() == learnt
