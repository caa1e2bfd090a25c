import numpy as np
import pytest

from tcm.errors import ConfigError
from tcm.models.detectors import kernels
from tcm.models.detectors.psenet.targets import PSETargets
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
    return PSETargets(**options)(sample_of(polygons, size, ignored), RNG).maps


def overlap(found, wanted):
    return (found & wanted).sum() / (found | wanted).sum()


@pytest.fixture(scope="module")
def oracle():
    return np.load(oracle_file("heads/psenet_targets.npz"))


def oracle_maps(data, keep=None, whole=np.trunc):
    ratios = data["cfg.ratios"]
    polygons = [whole(polygon) for polygon in polygons_of(data, "polys")]
    keep = np.arange(len(polygons)) if keep is None else keep
    return maps_of(
        [polygons[i] for i in keep],
        data["size"],
        data["ignored"][keep],
        num_kernels=len(ratios),
        min_ratio=float(ratios[-1]),
        max_distance=float(data["cfg.max_shrink_dist"]),
    )


def kernel_pairs(data, maps):
    """Yield our and MMOCR's kernels where none of MMOCR's texts is dropped, as bool (H, W)."""
    dropped = [
        oracle_maps(data, np.flatnonzero(column))["text_map"] > 0 for column in data["dropped"].T
    ]
    found = [maps["text_map"], *maps["kernel_maps"]]
    for kernel, wanted, left_out in zip(found, data["kernels"], dropped, strict=True):
        yield (kernel > 0) & ~left_out, (wanted > 0) & ~left_out


def test_integer_maps_are_those_of_mmocr(oracle, monkeypatch):
    monkeypatch.setattr(kernels, "offset_polygons", integer_offsets)
    maps = oracle_maps(oracle)
    pairs = [*kernel_pairs(oracle, maps), (maps["text_mask"] == 0, oracle["mask"] == 0)]
    for found, wanted in pairs:
        assert overlap(found, wanted) >= 0.98  # versions of OpenCV differ on the rims


def test_a_text_that_mmocr_drops_is_kept_whole(oracle, monkeypatch):
    monkeypatch.setattr(kernels, "offset_polygons", integer_offsets)
    kept = oracle_maps(oracle)["kernel_maps"]
    for i, number in np.argwhere(oracle["dropped"][:, 1:]):
        whole = oracle_maps(oracle, [i])["text_map"]
        assert kept[number][whole > 0].all()


def test_exact_maps_are_near_those_of_mmocr(oracle):
    maps = oracle_maps(oracle, whole=np.asarray)
    # Truncated points and rounded distances tell the more, the smaller a kernel.
    assert all(overlap(*pair) >= 0.75 for pair in kernel_pairs(oracle, maps))


def test_ratios_fall_evenly_from_the_whole_text_on():
    maps = maps_of([rectangle(100, 40, (64, 40))], (80, 128), num_kernels=3, min_ratio=0.5)
    heights = [int(m[:, 64].sum()) for m in (maps["text_map"], *maps["kernel_maps"])]
    distance = 4000 / 280 * (1 - np.array([1, 0.75, 0.5]) ** 2)
    np.testing.assert_allclose(heights, 41 - 2 * distance, atol=1)


def test_types_shapes_and_values():
    maps = maps_of([rectangle(40, 16, (30, 24), 5)], (48, 64), num_kernels=4)
    assert set(maps) == {"text_map", "kernel_maps", "text_mask"}
    assert maps["text_map"].shape == maps["text_mask"].shape == (48, 64)
    assert maps["kernel_maps"].shape == (3, 48, 64)
    assert all(m.dtype == np.uint8 and m.max() == 1 for m in maps.values())


def test_ignored_texts_are_drawn_and_masked():
    texts = [rectangle(40, 16, (30, 14)), rectangle(40, 16, (30, 44))]
    maps = maps_of(texts, (64, 64), np.array([False, True]))
    assert maps["text_map"][44, 30] == maps["kernel_maps"][-1, 44, 30] == 1
    assert maps["text_mask"][44, 30] == 0
    assert maps["text_mask"][14, 30] == maps["text_mask"][60, 2] == 1
    np.testing.assert_array_equal(maps["text_map"][30:], 1 - maps["text_mask"][30:])


def test_without_text_the_maps_are_empty():
    maps = maps_of([], (32, 48))
    assert maps["text_mask"].all()
    assert not maps["text_map"].any()
    assert maps["kernel_maps"].shape == (6, 32, 48)
    assert not maps["kernel_maps"].any()


def test_the_sample_is_left_alone():
    polygon = rectangle(40, 16, (30, 30), 15)
    sample = sample_of([polygon.copy()], (64, 64), np.array([True]))
    sample.maps["other"] = np.zeros(1)
    result = PSETargets()(sample, RNG)
    np.testing.assert_array_equal(sample.instances.polygons[0], polygon)
    assert sample.instances.ignored.all()
    assert list(sample.maps) == ["other"]
    assert set(result.maps) == {"other", "text_map", "kernel_maps", "text_mask"}
    assert result.instances is sample.instances


@pytest.mark.parametrize("options", [{"num_kernels": 1}, {"min_ratio": 1.0}])
def test_wrong_options_are_config_errors(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        TRANSFORMS.build({"type": "PSETargets", **options})
