import numpy as np
import pytest

from tcm.inference.reading.tiling import merged, tiles_of
from tcm.structures import TextInstances


def _box(left, top, right, bottom):
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


@pytest.mark.parametrize("size", [(100, 100), (64, 300), (257, 1000), (1, 5000)])
def test_tiles_cover_the_image_and_share_enough(size):
    tiles = np.array(tiles_of(size, 64, 16))
    seen = np.zeros(size, np.int32)
    for left, top, right, bottom in tiles:
        assert right - left <= 64 and bottom - top <= 64
        seen[top:bottom, left:right] += 1
    assert seen.min() >= 1
    for axis, length in ((0, size[1]), (1, size[0])):
        starts = np.unique(tiles[:, axis])
        if len(starts) > 1:
            assert (np.diff(starts) <= 64 - 16 + 1).all() and starts[-1] == length - 64


def test_an_image_that_fits_is_one_tile():
    assert tiles_of((60, 64), 64, 16) == [(0, 0, 64, 60)]


def test_a_text_seen_twice_is_found_once_the_whole_before_the_cut():
    tiles = tiles_of((64, 112), 64, 16)
    whole, cut = _box(40, 10, 60, 20), _box(48, 10, 60, 20)
    found = [TextInstances([whole], scores=[0.5]), TextInstances([cut], scores=[0.9])]
    texts = merged(found, tiles, (64, 112))
    assert len(texts) == 1
    np.testing.assert_array_equal(texts.polygons[0], whole)


def test_texts_side_by_side_and_at_the_image_border_all_stay():
    tiles = tiles_of((64, 112), 64, 16)
    found = [
        TextInstances([_box(0, 0, 20, 10), _box(22, 0, 40, 10)], ["a", "b"], scores=[0.5, 0.6]),
        TextInstances([_box(90, 50, 112, 64)], ["c"], scores=[0.7]),
    ]
    assert merged(found, tiles, (64, 112)).texts == ["a", "b", "c"]
    assert len(merged([TextInstances(), TextInstances()], tiles, (64, 112))) == 0
