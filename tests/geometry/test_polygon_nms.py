import numpy as np

from tcm.geometry.polygon_ious import pair_ious
from tcm.geometry.polygon_nms import suppress
from tests.conftest import oracle_file

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], np.float64)


def corners(boxes):
    """Corners (N, 4, 2) of boxes (cx, cy, w, h, t), clockwise on the screen."""
    x, y, w, h, t = np.asarray(boxes, np.float64).T
    along = np.stack([np.cos(t), np.sin(t)], 1) * w[:, None] / 2
    across = np.stack([-np.sin(t), np.cos(t)], 1) * h[:, None] / 2
    sides = [-along - across, along - across, along + across, across - along]
    return np.stack([x, y], 1)[:, None] + np.stack(sides, 1)


def test_a_chain_keeps_every_other_one_and_returns_the_best_first():
    chain = np.stack([SQUARE + [4 * i, 0] for i in range(5)])
    scores = np.array([0.5, 0.6, 0.7, 0.8, 0.9])
    assert suppress(chain, scores, 0.4).tolist() == [4, 2, 0]
    assert suppress(chain, scores, 0.5).tolist() == [4, 3, 2, 1, 0]


def test_of_equal_scores_the_earlier_one_stays():
    assert suppress(np.stack([SQUARE, SQUARE + 1]), np.array([0.5, 0.5]), 0.1).tolist() == [0]


def test_none_are_left_of_none():
    assert suppress(np.zeros((0, 4, 2)), np.zeros(0), 0.1).tolist() == []


def test_it_is_the_rotated_suppression_of_all_oracle_cases():
    stored = np.load(oracle_file("rotated/nms.npz"))
    cases = sorted({name.partition(".")[0] for name in stored if name.endswith(".keep_all")})
    assert cases
    for case in cases:
        boxes, scores = stored[f"{case}.boxes"], stored[f"{case}.scores"]
        kept = suppress(corners(boxes), scores, float(stored[f"{case}.threshold"]))
        assert kept.tolist() == stored[f"{case}.keep_all"].tolist()


def test_none_of_what_is_left_overlaps():
    rng = np.random.default_rng(0)
    boxes = np.stack(
        [*rng.uniform(0, 60, (2, 60)), *rng.uniform(5, 30, (2, 60)), rng.uniform(-1, 1, 60)], 1
    )
    polygons = corners(boxes)
    kept = polygons[suppress(polygons, rng.random(60), 0.2)]
    row, column = np.triu_indices(len(kept), 1)
    assert 1 < len(kept) < 60
    assert (pair_ious(kept, kept, row, column) <= 0.2).all()
