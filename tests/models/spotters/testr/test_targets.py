"""The rows of both outlines, and what is decoded of them."""

import numpy as np
import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.spotters.testr.head import TESTRHead
from tcm.models.spotters.testr.targets import TESTRTargets
from tcm.structures import Sample, TextInstances
from tests.models.spotters.testr.tiny import HEAD
from tests.oracle_polygons import iou, rectangle

SIZE = (64, 96)
TEXT = rectangle(40, 16, (48, 30))


def rows(outline="polygon", valid=None, **options):
    sample = Sample(np.zeros((*SIZE, 3), np.uint8), "", TextInstances([TEXT], ["12"]), valid=valid)
    options = {"charset": "digits10", "length": 5, **options}
    return TESTRTargets(outline=outline, **options)(sample, np.random.default_rng(0)).maps


def test_boxes_are_shares_of_what_is_not_padding():
    found = rows(valid=(48, 64))["box_rows"]  # the text ends at 68, the image at 64
    np.testing.assert_allclose(found, [[46 / 64, 30 / 48, 36 / 64, 16 / 48]], rtol=1e-6)


def test_a_polygon_runs_along_the_upper_side_and_back_along_the_lower_one():
    places = rows(points=8)["point_rows"].reshape(8, 2) * [96, 64]
    x = 28 + 40 * np.arange(4) / 3
    np.testing.assert_allclose(places[:, 0], [*x, *x[::-1]], atol=1e-4)
    np.testing.assert_allclose(places[:, 1], [22] * 4 + [38] * 4, atol=1e-4)


def test_an_odd_number_of_points_is_refused():
    with pytest.raises(ConfigError, match=r"TESTRTargets.points: an even number is wanted, got 7"):
        rows(points=7)


@pytest.mark.parametrize("outline", ["polygon", "bezier"])
def test_what_is_drawn_is_decoded(outline):
    config = {key: value for key, value in HEAD.items() if key != "type"}
    head = TESTRHead(32, outline=outline, **config)
    maps = {name: torch.from_numpy(row)[None] for name, row in rows(outline, points=8).items()}
    (found,) = head.decode(head.predictions_of(maps), [np.eye(3)], [SIZE])
    assert found.texts == ["12"]
    assert iou(found.polygons[0], TEXT) > 0.99


def test_texts_of_another_length_are_refused():
    config = {key: value for key, value in HEAD.items() if key != "type"}
    maps = {name: torch.from_numpy(row)[None] for name, row in rows(length=6, points=8).items()}
    with pytest.raises(ConfigError, match="has 8 points and length 6, model.head 8 and 5"):
        TESTRHead(32, **config).loss({}, maps)
