"""What one image may have at most: its scoring would take minutes otherwise."""

import numpy as np
import pytest

from tcm.errors import DataError
from tcm.evaluation.matching import bounds
from tcm.evaluation.matching.bounds import check_image
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tests.evaluation.helpers import square


def _pair(truths, found):
    return ImagePair("img_7", Annotations.of(truths), Annotations.of(found))


def test_pairs_and_their_overlaps_are_bounded(monkeypatch):
    apart = [square(20 * i) for i in range(6)]
    check_image(_pair(apart, apart))
    monkeypatch.setattr(bounds, "MOST_OVERLAPS", 10)
    check_image(_pair(apart, apart))
    with pytest.raises(DataError, match="image img_7: more than 10 pairs overlap"):
        check_image(_pair([square(0)] * 6, [square(5)] * 6))
    monkeypatch.setattr(bounds, "MOST_PAIRS", 35)
    with pytest.raises(DataError, match="6 detections are 36 pairs; at most 35"):
        check_image(_pair(apart, apart))


def test_outlines_that_cross_themselves_too_often_are_named():
    wild = np.random.default_rng(0).integers(0, 1_000_000, (400, 2)).astype(float)
    with pytest.raises(DataError, match="img_7: detection 1 crosses itself more than 10,000 times"):
        check_image(_pair([wild[:100]], [square(0), wild]))
    turns = np.linspace(0, 2 * np.pi, 9000, endpoint=False)
    circle = 1000 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    check_image(_pair([circle], [circle[::-1]]))
