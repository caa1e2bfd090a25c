import numpy as np
import pytest

from tcm.errors import ConfigError
from tcm.models.detectors.panet import decode
from tcm.models.detectors.panet.decode import PANDecoder
from tests.conftest import oracle_file
from tests.oracle_polygons import assert_same_outlines, polygons_of


def decode_oracle(data, index, output):
    decoder = PANDecoder(
        float(data["cfg.min_text_confidence"]),
        float(data["cfg.min_kernel_confidence"]),
        float(data["cfg.distance_threshold"]),
        min_area=float(data["cfg.min_text_area"]),
        min_score=float(data["cfg.score_threshold"]),
        output=output,
    )
    maps = data[f"{index}.maps"].astype(np.float32)
    matrix = np.diag([*(data["scale_factor"] * data["cfg.downsample_ratio"]), 1.0])
    return decoder(maps[0], maps[1], maps[2:], matrix)


@pytest.mark.parametrize("output", ["quad", "poly"])
@pytest.mark.parametrize("index", [0, 1])
def test_results_are_those_of_mmocr(index, output, monkeypatch):
    monkeypatch.setattr(decode, "STRIDE", 1)  # it outlines the small map and enlarges the points
    data = np.load(oracle_file("heads/panet_post.npz"))
    found = decode_oracle(data, index, output)
    assert_same_outlines(found.polygons, polygons_of(data, f"{index}.{output}"), 0.99)
    wanted = np.sort(data[f"{index}.{output}.scores"])
    np.testing.assert_allclose(np.sort(found.scores), wanted, atol=1e-4)


def maps_of(*boxes, size=(20, 32)):
    """Return maps with a text per box (x0, y0, x1, y1), kernels a pixel smaller all around."""
    text, kernel = np.full(size, -9.0, np.float32), np.full(size, -9.0, np.float32)
    embedding = np.zeros((4, *size), np.float32)
    for i, (x0, y0, x1, y1) in enumerate(boxes):
        text[y0:y1, x0:x1] = 9
        kernel[y0 + 1 : y1 - 1, x0 + 1 : x1 - 1] = 9
        embedding[i % 4, y0:y1, x0:x1] = 8
    return text, kernel, embedding


def test_touching_texts_stay_apart():
    first, second = (2, 4, 16, 10), (16, 4, 30, 10)
    found = PANDecoder()(*maps_of(first, second), np.eye(3))
    boxes = sorted((*p.min(axis=0), *p.max(axis=0)) for p in found.polygons)
    wanted = [(4 * x0, 4 * y0, 4 * x1 - 1, 4 * y1 - 1) for x0, y0, x1, y1 in (first, second)]
    np.testing.assert_allclose(boxes, wanted, atol=1e-3)
    np.testing.assert_allclose(found.scores, 1, atol=1e-3)


def test_pixels_must_be_text_and_kernels_must_be_text_and_kernel():
    text, kernel, embedding = maps_of((2, 4, 16, 10))
    assert len(PANDecoder()(text, kernel, embedding, np.eye(3))) == 1
    assert len(PANDecoder()(-text, kernel, embedding, np.eye(3))) == 0
    assert len(PANDecoder()(text, -np.abs(kernel), embedding, np.eye(3))) == 0
    unsure = np.where(kernel > 0, np.log(0.6 / 0.4), -9.0)
    options = {"min_kernel_confidence": 0.61}
    assert len(PANDecoder()(text, unsure, embedding, np.eye(3))) == 1
    assert len(PANDecoder(**options)(text, unsure, embedding, np.eye(3))) == 0
    options = {"min_text_confidence": 0.61, "min_score": 0.0}
    unsure = np.where(text > 0, np.log(0.6 / 0.4), -9.0)
    assert len(PANDecoder(**options)(unsure, kernel, embedding, np.eye(3))) == 0


@pytest.mark.parametrize(("options", "width"), [
    ({}, 13),
    ({"distance_threshold": 9.0}, 14),
])  # fmt: skip
def test_the_threshold_decides_who_joins(options, width):
    text, kernel, embedding = maps_of((2, 4, 16, 10))
    embedding[:, :, 15] = 0  # the last column, 8 away
    (found,) = PANDecoder(**options)(text, kernel, embedding, np.eye(3)).polygons
    assert np.ptp(found[:, 0]) == pytest.approx(4 * width - 1, abs=1e-3)


def test_no_text_gives_no_instances():
    found = PANDecoder()(*maps_of(), np.eye(3))
    assert len(found) == 0
    assert found.scores.shape == (0,)


def test_mistakes_are_named():
    with pytest.raises(ConfigError, match="min_text_confidence: a number above 0 and below 1"):
        PANDecoder(min_text_confidence=1.0)
    with pytest.raises(ConfigError, match="output: 'quad' or 'poly' is wanted"):
        PANDecoder(output="box")
