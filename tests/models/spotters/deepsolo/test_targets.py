"""The rows of the reference from its annotation, and what becomes of texts that cannot be read."""

import logging

import numpy as np
import pytest

from tcm.geometry.bezier import bezier_to_polygon
from tcm.models.spotters.deepsolo.curves import CurveSampler
from tcm.models.spotters.deepsolo.targets import DeepSoloTargets, columns_of, curve_rows
from tcm.structures import Sample, TextInstances
from tests.models.detection_transformer.oracle import Oracle, close
from tests.oracle_polygons import rectangle

SIZE = (64, 96)
KEYS = {"beziers": "bezier_rows", "ctrl_points": "point_rows", "bd_points": "boundary_rows"}


@pytest.fixture(scope="module")
def oracle():
    return Oracle("targets")


def test_the_rows_of_the_reference(oracle):
    blank = oracle.config["voc"]
    image, texts = oracle.data["input/image"], oracle.data["input/rec"]
    for number, i in enumerate(oracle.data["output/images"]):
        kept = (image == i) & (texts != blank).any(axis=1)
        height, width = oracle.data["input/size"][i]
        sides = oracle.data["input/bezier_pts"][kept].reshape(-1, 8, 2) / [width, height]
        rows = curve_rows(sides, oracle.config["points"])
        for theirs, ours in KEYS.items():
            wanted = oracle[f"normalised/{number}/{theirs}"].flatten(1).numpy()
            np.testing.assert_allclose(rows[ours], wanted, atol=1e-4, rtol=1e-4)
        assert (oracle.data[f"normalised/{number}/texts"] == texts[kept]).all()


def test_the_sampler(oracle):
    sampler = CurveSampler(len(oracle["sampler/matrix"]))
    close(sampler.weights, oracle["sampler/matrix"])
    close(sampler(oracle["sampler/control_points"]), oracle["sampler/points"])


def rows(polygons, texts=None, ignored=None, valid=None, **options):
    instances = TextInstances(polygons, texts=texts, ignored=ignored)
    sample = Sample(np.zeros((*SIZE, 3), np.uint8), "image", instances, valid=valid)
    options = {"charset": "digits10", "points": 5, **options}
    return DeepSoloTargets(**options)(sample, np.random.default_rng(0)).maps


def test_places_are_shares_of_what_is_not_padding():
    maps = rows([rectangle(40, 16, (48, 30))], ["12"], valid=(48, 64))
    assert maps["size_rows"].tolist() == [[48, 64]]
    places = maps["point_rows"].reshape(5, 2) * [64, 48]
    np.testing.assert_allclose(places, [[x, 30] for x in (28, 38, 48, 58, 68)], atol=1e-4)
    sides = maps["boundary_rows"].reshape(5, 4) * [64, 48, 64, 48]
    np.testing.assert_allclose(sides[:, [1, 3]], [[22, 38]] * 5, atol=1e-4)


def test_ignored_texts_and_texts_outside_have_no_row():
    polygons = [rectangle(40, 16, (48, 30)), rectangle(10, 8, (20, 20)), rectangle(10, 8, (-40, 9))]
    maps = rows(polygons, ["1", "2", "3"], np.array([False, True, False]))
    assert maps["valid_rows"].tolist() == [1] and maps["text_rows"][0, 0] == 1
    assert maps["matching_mask"].min() == 0


def test_a_turn_of_the_annotation_turns_the_points():
    polygon = bezier_to_polygon(np.float64([
        [10, 20], [30, 5], [50, 5], [70, 20], [70, 40], [50, 25], [30, 25], [10, 40],
    ]), 7)  # fmt: skip
    one, other = (rows([p])["point_rows"].reshape(5, 2) for p in (polygon, np.roll(polygon, 7, 0)))
    np.testing.assert_allclose(one, other[::-1], atol=1e-5)


@pytest.mark.parametrize(
    ("text", "readable"), [("12", 1), ("", 0), (None, 0), ("11111", 1), ("ab", 1)]
)
def test_which_texts_are_learnt(text, readable):
    assert rows([rectangle(40, 16, (48, 30))], [text])["readable_rows"].tolist() == [readable]


def test_texts_that_cannot_be_aligned_are_counted_and_told_of(caplog):
    targets = DeepSoloTargets("digits10", points=4)
    texts = ["1234", "112", "1123", *["12345"] * 7]
    polygons = [rectangle(40, 16, (48, 30))] * len(texts)
    sample = Sample(np.zeros((*SIZE, 3), np.uint8), "a.png", TextInstances(polygons, texts))
    with caplog.at_level(logging.WARNING, "tcm"):
        targets(sample, np.random.default_rng(0))
    assert targets.unaligned == 8 == len([t for t in texts if len(t) + (t[:2] == "11") > 4])
    assert len(caplog.records) == 5
    assert "a.png: '1123' cannot be read from 4 points" in caplog.text


def test_columns_that_ctc_needs():
    texts = np.array([[0, 0, 1, 9], [0, 1, 0, 1], [9, 9, 9, 9], [2, 2, 2, 9]])
    assert columns_of(texts, 9).tolist() == [4, 4, 0, 5]
