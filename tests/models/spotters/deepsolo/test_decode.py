"""Selections, texts and polygons of the reference, and the options of the decoder."""

import numpy as np
import pytest

from tcm.geometry.polygons import clockwise, signed_area
from tcm.models.spotters.deepsolo.decode import DeepSoloDecoder
from tcm.models.spotters.deepsolo.head import DeepSoloHead
from tests.models.detection_transformer.oracle import Oracle

CASES = ("plain", "long", "icdar2015")


@pytest.fixture(scope="module")
def oracle():
    return Oracle("inference")


def decoded(oracle, case, **options):
    """Return outputs and texts of a case."""
    config = oracle.config[case]
    given = oracle.below(f"{case}/input/")
    queries, points = given["logits"].shape[1:3]
    classes = {"characters": config["characters"], "unknown_symbol": ""}
    decode = {"type": "DeepSoloDecoder", "score_thr": config["threshold"], **options}
    transformer = {"type": "PointDecoder", "layers": 1, "heads": 1, "ffn": 1}
    head = DeepSoloHead(32, classes, queries, points, transformer, decode=decode)
    predictions = {
        "logits": given["logits"].squeeze(3).unsqueeze(1),
        "text_logits": given["text_logits"].unsqueeze(1),
        "boundary": given["bd_points"].unsqueeze(1),
        "extents": given["sizes"],
    }
    ratio = (given["sizes"] / given["originals"]).flip(1).double()
    matrices = [np.diag([*pair, 1.0]) for pair in ratio.tolist()]
    sizes = [(2**20, 2**20)] * len(matrices)  # those of the oracle may lie outside of the image
    return head.outputs(predictions), head.decode(predictions, matrices, sizes)


@pytest.mark.parametrize("case", CASES)
def test_selections_scores_and_texts(oracle, case):
    outputs, found = decoded(oracle, case)
    np.testing.assert_allclose(outputs["scores"], oracle[f"{case}/scores_of_all"], atol=1e-4)
    for i, one in enumerate(found):
        chosen = oracle[f"{case}/{i}/selected"].numpy()
        kept = np.flatnonzero(outputs["scores"][i].numpy() >= oracle.config[case]["threshold"])
        assert kept.tolist() == chosen.tolist()
        np.testing.assert_allclose(one.scores, oracle[f"{case}/{i}/scores"], atol=1e-4)
        assert one.texts == oracle.data[f"{case}/{i}/texts"].tolist()


@pytest.mark.parametrize("case", [case for case in CASES if case != "icdar2015"])
def test_outlines(oracle, case):
    _, found = decoded(oracle, case)
    for i, one in enumerate(found):
        wanted = oracle[f"{case}/{i}/bd_points"].numpy()
        outlines = np.concatenate([wanted[..., :2], wanted[:, ::-1, 2:]], axis=1)
        for polygon, outline in zip(one.polygons, outlines, strict=True):
            np.testing.assert_allclose(polygon, clockwise(outline), atol=1e-2)
        scored = oracle[f"{case}/{i}/polygons"].numpy()
        for polygon, other in zip(one.polygons, scored, strict=True):
            away = np.linalg.norm(polygon[:, None] - other, axis=2).min(axis=1)
            assert away.max() <= 1e-2


def test_rectangles(oracle):
    _, found = decoded(oracle, "icdar2015", output="quad")
    for i, one in enumerate(found):
        height, width = oracle["icdar2015/input/originals"][i].tolist()
        wanted = oracle[f"icdar2015/{i}/polygons"].numpy()
        for polygon, corners in zip(one.polygons, wanted, strict=True):
            ours = np.clip(polygon, 1, [width - 1, height - 1])
            away = np.linalg.norm(ours[:, None] - corners, axis=2).min(axis=0)
            assert (away <= 2 * np.sqrt(2)).all()  # 2 pixels in x and y


def one_image(paths, scores, sureness, boundary, size=(40, 80), **options):
    """Return the texts that the decoder makes of rows of an image."""
    outputs = {
        "scores": np.float32([scores]),
        "boundary": np.float32([boundary]),
        "classes": np.array([paths]),
        "sureness": np.float32([sureness]),
        "extents": np.array([[40, 80]]),
    }
    decoder = DeepSoloDecoder(charset={"characters": "ab", "unknown_symbol": ""}, **options)
    return decoder.texts_of(outputs, [np.eye(3)], [size])[0]


BOX = [[0.1, 0.2, 0.1, 0.4], [0.3, 0.2, 0.3, 0.4], [0.5, 0.2, 0.5, 0.4]]
FAR = [[0.5, 0.2, 0.5, 0.4], [0.7, 0.2, 0.7, 0.4], [0.9, 0.2, 0.9, 0.4]]


def test_equal_neighbours_are_one_character_unless_something_is_between():
    paths = [[0, 0, 1], [0, 3, 0], [0, 2, 0], [3, 2, 3]]
    found = one_image(paths, [0.9] * 4, np.ones((4, 3)), [BOX] * 4)
    assert found.texts == ["ab", "aa", "aa", ""]


def test_the_score_may_count_how_sure_the_characters_are():
    given = [[[0, 0, 1]], [0.8], [[0.5, 0.75, 0.4]], [BOX]]
    np.testing.assert_allclose(one_image(*given).scores, [0.8])
    found = one_image(*given, confidence="product")
    np.testing.assert_allclose(found.scores, [0.8 * 0.75 * 0.4])


def test_unsure_queries_and_those_in_the_padding_are_left_out():
    given = [[[0, 3, 3], [1, 3, 3], [0, 1, 3]], [0.4, 0.39, 0.9], np.ones((3, 3)), [BOX, BOX, FAR]]
    assert one_image(*given).texts == ["a", "ab"]
    assert one_image(*given, size=(40, 50)).texts == ["a"]
    assert one_image(*given, size=(10, 80)).texts == []


def test_a_polygon_is_clockwise_from_where_the_text_begins():
    mirrored = [[x, below, x, above] for x, above, _, below in BOX]
    found = one_image([[0, 3, 3]] * 2, [0.9, 0.9], np.ones((2, 3)), [BOX, mirrored])
    first = [[8, 8], [24, 8], [40, 8], [40, 16], [24, 16], [8, 16]]
    np.testing.assert_allclose(found.polygons[0], first, rtol=1e-5)
    assert signed_area(found.polygons[1]) > 0
