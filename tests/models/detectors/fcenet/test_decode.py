import numpy as np
import pytest
import torch

from tcm.errors import ConfigError
from tcm.geometry.polygons import bounding_box, signed_area
from tcm.models.detectors.fcenet.decode import FCEDecoder, _regions
from tcm.models.detectors.fcenet.head import FCEHead
from tcm.registry import MODELS
from tests.conftest import oracle_file
from tests.models.detectors.fcenet.oracle import batch_of, curved_word, given_predictions, maps_of
from tests.oracle_polygons import assert_same_outlines, iou, polygons_of, rectangle

SIZE = (256, 320)


class _Truncating(FCEDecoder):
    """Outlines and rectangles in whole network pixels, as MMOCR has them."""

    def _oriented(self, outlines):
        return super()._oriented(np.trunc(outlines))


def decode_oracle(data, output, decoder=FCEDecoder):
    alpha, beta = data[f"cfg.{output}.alpha_beta"].tolist()
    options = {
        "alpha": alpha,
        "beta": beta,
        "score_thr": float(data["cfg.score_thr"]),
        "nms_thr": float(data["cfg.nms_thr"]),
        "num_points": int(data["cfg.num_reconstr_points"]),
    }
    head = FCEHead(4)
    head.decoder = decoder(output=output, **options)
    matrix = np.diag([*data["scale_factor"], 1.0])
    size = tuple(data["size"].tolist())
    predictions = given_predictions(data)
    count = len(predictions["cls_0"])
    return head.decode(predictions, [matrix] * count, [size] * count)


def decoded(polygons, matrix=None, size=SIZE, **options):
    head = FCEHead(4, decode={"type": "FCEDecoder", **options})
    predictions = head.predictions_of(batch_of(maps_of(polygons, size)))
    return head.decode(predictions, [np.eye(3) if matrix is None else matrix], [size])[0]


@pytest.mark.parametrize("output", ["poly", "quad"])
def test_truncated_results_are_those_of_mmocr(output):
    data = np.load(oracle_file("heads/fcenet_post.npz"))
    for index, found in enumerate(decode_oracle(data, output, _Truncating)):
        wanted = polygons_of(data, f"{output}.{index}")
        assert_same_outlines(found.polygons, wanted, 0.95)
        np.testing.assert_allclose(found.scores, data[f"{output}.{index}.scores"], atol=1e-4)


@pytest.mark.parametrize("output", ["poly", "quad"])
def test_exact_results_are_near_those_of_mmocr(output):
    data = np.load(oracle_file("heads/fcenet_post.npz"))
    for index, found in enumerate(decode_oracle(data, output)):
        assert_same_outlines(found.polygons, polygons_of(data, f"{output}.{index}"), 0.75)


@pytest.mark.parametrize("degrees", [0, 90, 25, -40, 70])
@pytest.mark.parametrize("output", ["poly", "quad"])
@pytest.mark.parametrize("length", [80, 130, 190])
def test_a_straight_word_survives_targets_and_decoding(degrees, output, length):
    polygon = rectangle(length, 40, (140, 128), degrees)
    found = decoded([polygon], output=output)
    assert len(found) == 1
    # A rectangle around an outline of few frequencies takes its ripples in.
    assert iou(found.polygons[0], polygon) >= (0.9 if output == "poly" else 0.87)


@pytest.mark.parametrize("span", [0.6, 1.2, -1.0])
def test_a_curved_word_survives_targets_and_decoding(span):
    word = curved_word((160, 128), span=abs(span))
    if span < 0:  # the other way up
        word = (np.array([320, 256]) - word).astype(np.float32)
    (found,) = decoded([word]).polygons
    assert iou(found, word) >= 0.9


def test_words_side_by_side_are_told_apart_and_come_best_first():
    words = [rectangle(60, 24, (60 + 80 * (i % 3), 40 + 40 * (i // 3)), 5) for i in range(12)]
    found = decoded(words)
    assert_same_outlines(found.polygons, words, 0.85)
    assert (np.diff(found.scores) <= 0).all()
    assert found.scores.dtype == np.float32


@pytest.mark.parametrize("output", ["poly", "quad"])
def test_results_come_back_through_the_matrix_clockwise_from_the_top_left(output):
    polygon = rectangle(80, 32, (140, 128))
    plain = decoded([polygon], output=output).polygons[0]
    mirrored = np.array([[-0.5, 0, 320.0], [0, 2, -6], [0, 0, 1]])
    (found,) = decoded([polygon], mirrored, output=output).polygons
    x0, y0, x1, y1 = bounding_box(plain)
    wanted = [(320 - x1) * 2, (y0 + 6) / 2, (320 - x0) * 2, (y1 + 6) / 2]
    np.testing.assert_allclose(bounding_box(found), wanted, atol=1e-3)
    assert signed_area(found) > 0
    assert found.sum(axis=1).argmin() == 0
    assert found.dtype == np.float32


def one_pixel(text, center, radius=4.0, degree=5):
    """Return the maps of a level with one sure pixel (3, 2), a circle to the right of it."""
    probabilities = np.zeros((2, 8, 8), np.float32)
    probabilities[:, 2, 3] = text, center
    signatures = np.zeros((2 * (2 * degree + 1), 8, 8), np.float32)
    signatures[degree], signatures[degree + 1] = 1.0, radius
    return probabilities, signatures


def test_the_score_and_the_place_of_a_circle():
    decoder = FCEDecoder(alpha=2.0, beta=0.5)
    found = decoder([(*one_pixel(0.9, 0.64), 8)], np.eye(3))
    assert found.scores[0] == pytest.approx(0.81 * 0.8)
    np.testing.assert_allclose(bounding_box(found.polygons[0]), [0, -16, 64, 48], atol=0.2)
    assert len(FCEDecoder(alpha=2.0, beta=0.5, score_thr=0.65)([(*one_pixel(0.9, 0.64), 8)],
                                                               np.eye(3))) == 0  # fmt: skip


def test_an_outline_that_runs_the_wrong_way_or_encloses_nothing():
    probabilities, signatures = one_pixel(0.9, 0.9)
    signatures[[4, 6]] = signatures[[6, 4]]
    (found,) = FCEDecoder()([(probabilities, signatures, 8)], np.eye(3)).polygons
    assert signed_area(found) == pytest.approx(np.pi * 32**2, rel=0.01)
    probabilities, signatures = one_pixel(0.9, 0.9, radius=0.0)
    assert len(FCEDecoder()([(probabilities, signatures, 8)], np.eye(3))) == 0
    signatures[6] = np.nan
    assert len(FCEDecoder()([(probabilities, signatures, 8)], np.eye(3))) == 0


def test_the_better_level_wins():
    good, bad = one_pixel(0.9, 0.9), one_pixel(0.8, 0.8)
    for levels in ([(*good, 8), (*bad, 8)], [(*bad, 8), (*good, 8)]):
        found = FCEDecoder()(levels, np.eye(3))
        assert found.scores.tolist() == pytest.approx([0.729])


def test_regions_have_no_holes_and_join_diagonally():
    mask = np.array([[0, 1, 0, 0, 0], [1, 0, 1, 0, 0], [0, 1, 0, 0, 1], [0, 0, 0, 0, 1]]) > 0
    wanted = np.array([[0, 1, 0, 0, 0], [1, 1, 1, 0, 0], [0, 1, 0, 0, 2], [0, 0, 0, 0, 2]])
    np.testing.assert_array_equal(_regions(mask), wanted)
    assert not _regions(np.zeros((3, 4), bool)).any()
    assert (_regions(np.ones((3, 4), bool)) == 1).all()


@pytest.mark.parametrize("output", ["poly", "quad"])
def test_without_text_nothing_is_found(output):
    found = decoded([], output=output)
    assert len(found) == 0
    assert found.scores.shape == (0,)


def test_random_maps_do_not_break_it_and_are_left_alone():
    torch.manual_seed(0)
    levels = [
        (torch.rand(2, 32 // i, 40 // i).numpy(), torch.randn(22, 32 // i, 40 // i).numpy(), 8 * i)
        for i in (1, 2, 4)
    ]
    before = [maps.copy() for level in levels for maps in level[:2]]
    found = FCEDecoder()(levels, np.eye(3))
    assert len(found) > 0
    assert all(np.isfinite(polygon).all() for polygon in found.polygons)
    for maps, wanted in zip([m for level in levels for m in level[:2]], before, strict=True):
        np.testing.assert_array_equal(maps, wanted)


@pytest.mark.parametrize("options", [{"output": "box"}, {"nms_thr": 0.0}])
def test_wrong_options_are_config_errors(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        MODELS.build({"type": "FCEDecoder", **options})
