import numpy as np
import pytest

from tcm.errors import ConfigError
from tcm.geometry.polygons import bounding_box, signed_area
from tcm.models.detectors.psenet import decode
from tcm.models.detectors.psenet.decode import PSEDecoder
from tests.conftest import oracle_file
from tests.oracle_polygons import assert_same_outlines, polygons_of


@pytest.fixture(scope="module")
def oracle():
    return np.load(oracle_file("heads/psenet_post.npz"))


def mmocr_decoder(data, **options):
    return PSEDecoder(
        min_kernel_confidence=float(data["cfg.min_kernel_confidence"]),
        min_kernel_area=int(data["cfg.min_kernel_area"]),
        min_area=int(data["cfg.min_text_area"]),
        min_score=float(data["cfg.score_threshold"]),
        **options,
    )


@pytest.mark.parametrize("output", ["quad", "poly"])
@pytest.mark.parametrize(
    ("case", "key"), [("separate", "separate.{}"), ("dense", "dense.{}_intended")]
)
def test_texts_are_those_of_mmocr_where_it_is_sound(oracle, case, key, output, monkeypatch):
    monkeypatch.setattr(decode, "STRIDE", 1)  # it outlines the small map and enlarges the points
    logits = oracle[f"{case}.logits"].astype(np.float32)
    matrix = np.diag([*(0.25 * oracle["scale_factor"]), 1.0])
    found = mmocr_decoder(oracle, output=output)(logits, matrix)
    key = key.format(output)
    assert_same_outlines(found.polygons, polygons_of(oracle, key), 0.99)
    np.testing.assert_allclose(found.scores, oracle[f"{key}.scores"], atol=1e-4)


@pytest.mark.parametrize("case", ["separate", "dense"])
def test_labels_are_those_of_the_reference(oracle, case):
    logits = oracle[f"{case}.logits"].astype(np.float32)
    decoder = mmocr_decoder(oracle)
    found = decoder.labels(logits > decoder.min_logit)
    np.testing.assert_array_equal(found, oracle[f"{case}.labels_progressive"])


@pytest.mark.parametrize("case", ["separate", "dense"])
def test_the_smallest_kernels_are_those_of_mmocr(oracle, case):
    logits = oracle[f"{case}.logits"].astype(np.float32)
    only = np.stack([np.minimum(logits[0], logits[-1])] * 2)  # nothing to grow into
    decoder = mmocr_decoder(oracle)
    found = decoder.labels(only > decoder.min_logit)
    np.testing.assert_array_equal(found, oracle[f"{case}.kernel_labels"])


def boxes(*boxes, size=(24, 40), value=4.0):
    """Return a map of logits that is `value` on boxes (x0, y0, x1, y1), -4 elsewhere."""
    logits = np.full(size, -4.0, np.float32)
    for x0, y0, x1, y1 in boxes:
        logits[y0 : y1 + 1, x0 : x1 + 1] = value
    return logits


def test_a_text_of_two_kernels_is_two_texts_and_one_without_kernel_none():
    whole = boxes((2, 2, 30, 8), (2, 14, 30, 20))
    kernels = boxes((4, 4, 10, 6), (20, 4, 28, 6))
    found = PSEDecoder()(np.stack([whole, kernels]), np.eye(3))
    assert len(found) == 2
    # Which of the two gets the middle is decided half way.
    np.testing.assert_allclose(bounding_box(found.polygons[0]), [8, 8, 63, 35], atol=1e-3)
    np.testing.assert_allclose(bounding_box(found.polygons[1]), [64, 8, 123, 35], atol=1e-3)


def test_kernels_outside_the_text_do_not_count():
    logits = np.stack([boxes((2, 2, 20, 8)), boxes((4, 4, 18, 6), (25, 14, 35, 18))])
    assert len(PSEDecoder()(logits, np.eye(3))) == 1


def test_small_kernels_can_be_left_out():
    logits = np.stack([boxes((2, 2, 20, 8), (2, 14, 20, 20)), boxes((4, 4, 8, 6), (4, 16, 7, 18))])
    counts = [len(PSEDecoder(min_kernel_area=a)(logits, np.eye(3))) for a in (0, 12, 13, 15, 16)]
    assert counts == [2, 2, 1, 1, 0]


def test_the_threshold_is_a_probability():
    logits = np.stack([boxes((2, 2, 20, 8)), boxes((4, 4, 18, 6), value=1.0)])  # 0.731
    assert len(PSEDecoder(0.72)(logits, np.eye(3))) == 1
    assert len(PSEDecoder(0.74)(logits, np.eye(3))) == 0


@pytest.mark.parametrize("output", ["quad", "poly"])
def test_results_come_back_through_the_matrix_clockwise_from_the_top_left(output):
    logits = np.stack([boxes((5, 3, 15, 7)), boxes((7, 4, 13, 6))])
    mirrored = np.array([[-0.5, 0, 128.0], [0, 2, -6], [0, 0, 1]])
    (found,) = PSEDecoder(output=output)(logits, mirrored).polygons
    wanted = [(128 - 63) * 2, (12 + 6) / 2, (128 - 20) * 2, (31 + 6) / 2]
    np.testing.assert_allclose(bounding_box(found), wanted, atol=1e-3)
    assert signed_area(found) > 0
    assert found.sum(axis=1).argmin() == 0
    assert found.dtype == np.float32


@pytest.mark.parametrize("output", ["quad", "poly"])
def test_empty_maps_give_nothing_and_maps_may_be_views(output):
    decoder = PSEDecoder(output=output)
    empty = decoder(np.full((7, 16, 16), -5.0, np.float32), np.eye(3))
    assert len(empty) == 0
    assert empty.scores.shape == (0,)
    whole = np.stack([boxes((5, 3, 15, 7)), boxes((7, 4, 13, 6))])
    before = whole.copy()
    found = decoder(whole[:, :20, :30], np.eye(3))
    np.testing.assert_array_equal(whole, before)
    wanted = decoder(whole, np.eye(3))
    np.testing.assert_array_equal(found.polygons[0], wanted.polygons[0])


@pytest.mark.parametrize("options", [{"min_kernel_confidence": 1.0}, {"output": "box"}])
def test_wrong_options_are_config_errors(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        PSEDecoder(**options)
