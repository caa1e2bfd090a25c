from dataclasses import replace

import numpy as np
import pytest

from tcm.data.loading.collate import collate
from tcm.errors import ConfigError
from tcm.geometry.rotated_boxes import corners, regularised
from tcm.models.detectors.rotated.targets import RotatedBoxTargets, rectangles
from tcm.structures import Sample, TextInstances

BOXES = np.array([[40, 30, 30, 10, 0.4], [80, 40, 12, 12, 0.2], [20, 50, 8, 24, -1.0]])


def sample_of(boxes=BOXES, labels=(0, 2, 2), **changes):
    instances = TextInstances(list(corners(boxes)), labels=np.array(labels))
    sample = Sample(np.zeros((64, 96, 3), np.uint8), "a.png", replace(instances, **changes))
    return RotatedBoxTargets(classes=3)(sample, np.random.default_rng(0))


def test_boxes_come_back():
    maps = sample_of().maps
    found = np.sort(corners(maps["box_rows"]).reshape(3, -1), 1)
    np.testing.assert_allclose(found, np.sort(corners(BOXES).reshape(3, -1), 1), atol=1e-4)
    np.testing.assert_allclose(regularised(maps["box_rows"]), maps["box_rows"], atol=1e-6)
    assert maps["label_rows"].tolist() == [0, 2, 2] and maps["valid_rows"].tolist() == [1, 1, 1]


def test_maps_show_where_each_class_is():
    drawn = sample_of().maps["class_map"]
    assert drawn.shape == (3, 16, 24)
    assert drawn[0, 7, 9] == 1 and drawn[0, 10, 20] == 0 and not drawn[1].any()
    sides = BOXES[:, 2:4] / 4
    least, most = sides.prod(1), (sides + 1.5).prod(1)  # the pixels of an outline count as well
    assert least[0] <= drawn[0].sum() <= most[0]
    assert least[1:].sum() <= drawn[2].sum() <= most[1:].sum()


def test_ignored_and_far_and_flat_objects_are_background():
    boxes = np.array([[40, 30, 30, 10, 0.4], [99, 40, 12, 12, 0.2], [20, 50, 0.5, 24, -1.0]])
    assert len(sample_of(boxes).maps["box_rows"]) == 1
    maps = sample_of(ignored=np.array([True, False, True])).maps
    assert maps["label_rows"].tolist() == [2] and not maps["class_map"][0].any()
    assert maps["class_mask"][7, 9] == 0 and maps["class_mask"][10, 20] == 1


def test_a_box_across_the_border_stays_whole():
    maps = sample_of(np.array([[2, 30, 30, 10, 0.0]]), (0,)).maps
    np.testing.assert_allclose(maps["box_rows"][0, :4], [2, 30, 30, 10], atol=1e-4)


def test_a_batch_tells_its_padding():
    batch = collate([sample_of(), sample_of(BOXES[:0], ())])
    assert batch.targets["valid_rows"].tolist() == [[1, 1, 1], [0, 0, 0]]
    assert batch.targets["class_map"].shape == (2, 3, 16, 24)


def test_a_class_too_many_is_named():
    with pytest.raises(ConfigError, match=r"classes is 3, a\.png has an object of class 3"):
        sample_of(labels=(0, 1, 3))


def test_rectangles_of_any_polygons():
    hexagon = np.array([[0, 0], [5, -1], [10, 0], [10, 4], [5, 5], [0, 4]], np.float32)
    found = rectangles(TextInstances([hexagon, hexagon[[0, 2, 3, 5]]]))
    assert found.shape == (2, 5) and found[0, 2:4].prod() == pytest.approx(60, rel=0.05)
    assert rectangles(TextInstances()).shape == (0, 5)
