"""How far an exported model's outputs are from the model's own."""

import numpy as np
import pytest

from tcm.inference.export.parity import difference, paired


def candidates(count=6, seed=0):
    rng = np.random.default_rng(seed)
    scores = np.sort(rng.uniform(0.3, 1, (2, count)))[:, ::-1].astype(np.float32)
    boxes = rng.uniform(0, 100, (2, count, 5)).astype(np.float32)
    labels = rng.integers(0, 3, (2, count))
    return {"boxes": boxes, "scores": scores, "labels": labels, "finite": np.ones(2)}


def test_the_order_of_candidates_does_not_count():
    wanted = candidates()
    order = [1, 0, 2, 4, 3, 5]
    found = {n: value[:, order] if value.ndim > 1 else value for n, value in wanted.items()}
    assert difference(wanted, found) > 0.1
    assert difference(*paired(wanted, found)) == 0


@pytest.mark.parametrize(("name", "change"), [("boxes", 7.0), ("scores", 0.25)])
def test_another_number_of_a_candidate_counts(name, change):
    wanted = candidates()
    found = {key: value.copy() for key, value in wanted.items()}
    found[name][1, 3] -= change
    gap = change / max(1, wanted[name].max())
    assert difference(*paired(wanted, found)) == pytest.approx(gap, rel=1e-4)


def test_a_candidate_without_a_score_is_none():
    wanted = candidates()
    wanted["scores"][:, 4:] = 0
    found = {name: value.copy() for name, value in wanted.items()}
    found["boxes"][:, 4:] += 50
    assert difference(*paired(wanted, found)) == 0
    found["scores"][0, 4] = 0.5
    assert difference(*paired(wanted, found)) >= 0.5


def test_what_is_not_finite_is_infinitely_far():
    wanted, found = candidates(), candidates()
    found["boxes"][0, 0, 0] = np.nan
    assert difference(*paired(wanted, found)) == float("inf")


def test_maps_stay_where_they_are():
    wanted = {"maps": np.eye(4)[None], "scores": np.ones((1, 3))}
    found = {"maps": np.eye(4)[None, ::-1], "scores": np.ones((1, 3))}
    assert difference(*paired(wanted, found)) == 1
