import numpy as np
import pytest

from tcm.data.transforms.geometric import ResizeKeepRatio
from tcm.data.transforms.turning import RandomTurn
from tcm.geometry.rotated_boxes import corners, from_quads, turned
from tcm.structures import Sample, TextInstances

BOXES = np.array([[40, 30, 30, 10, 0.4], [80, 40, 12, 8, 0.2], [50, 32, 24, 8, -1.0]])


def sample_of(labels=(0, 1, 2)):
    instances = TextInstances(list(corners(BOXES)), labels=np.array(labels))
    return Sample(np.zeros((64, 96, 3), np.uint8), "a.png", instances)


def angle_of(sample):
    return np.degrees(np.arctan2(sample.matrix[1, 0], sample.matrix[0, 0]))


@pytest.mark.parametrize("seed", range(8))
def test_objects_turn_whole_and_go_with_their_centre(seed):
    out = RandomTurn(1.0)(sample_of(), np.random.default_rng(seed))
    wanted = turned(BOXES, (48, 32), np.radians(angle_of(out)))
    inside = ((wanted[:, :2] >= 0) & (wanted[:, :2] < [96, 64])).all(1)
    assert out.instances.labels.tolist() == np.flatnonzero(inside).tolist()
    found = from_quads(np.stack(out.instances.polygons))
    np.testing.assert_allclose(found[:, :4], from_quads(corners(wanted))[inside, :4], atol=1e-3)


def test_with_round_objects_the_image_turns_by_quarters():
    turn = RandomTurn(1.0, upright_labels=[2])
    angles = {round(angle_of(turn(sample_of(), np.random.default_rng(s))) % 360) for s in range(30)}
    assert angles == {90, 180, 270}
    others = {
        round(angle_of(turn(sample_of((0, 1, 0)), np.random.default_rng(s)))) for s in range(9)
    }
    assert len(others) > 4


def test_some_images_stay():
    start = sample_of()
    kept = [RandomTurn(0.5)(start, np.random.default_rng(s)) is start for s in range(40)]
    assert 8 < sum(kept) < 32


def test_a_resized_object_across_the_border_can_stay_whole():
    boxes = np.array([[2, 30, 30, 10, 0.0]])
    start = Sample(np.zeros((64, 96, 3), np.uint8), "a", TextInstances(list(corners(boxes))))
    for cut, left in ((True, 0.0), (False, -26.0)):
        out = ResizeKeepRatio([192, 192], cut)(start, np.random.default_rng(0))
        assert out.instances.polygons[0][:, 0].min() == pytest.approx(left, abs=1e-4)
