import itertools

import numpy as np

from tcm.evaluation.matching.assignment import best_first_match, greedy_match, maximum_match

GOLDEN = np.array([[True, True], [True, False]])


def test_greedy_takes_the_first_free_detection_and_can_lose_a_match():
    assert greedy_match(GOLDEN) == [(0, 0)]


def test_maximum_matching_finds_both():
    assert maximum_match(GOLDEN) == [(0, 1), (1, 0)]


def test_greedy_equals_the_double_loop_and_maximum_the_brute_force():
    rng = np.random.default_rng(0)
    for _ in range(60):
        hits = rng.random((rng.integers(1, 5), rng.integers(1, 5))) < 0.5
        expected = {}
        for truth, detection in itertools.product(*map(range, hits.shape)):
            free = truth not in expected and detection not in expected.values()
            if hits[truth, detection] and free:
                expected[truth] = detection
        assert greedy_match(hits) == list(expected.items())
        wide = hits if hits.shape[0] <= hits.shape[1] else hits.T
        best = max(
            sum(wide[range(len(wide)), chosen])
            for chosen in itertools.permutations(range(wide.shape[1]), len(wide))
        )
        pairs = maximum_match(hits)
        assert len(pairs) == best
        assert all(hits[pair] for pair in pairs)
        assert len({t for t, _ in pairs}) == len({d for _, d in pairs}) == best


def test_no_truths_or_no_detections_give_no_pairs():
    for shape in [(0, 0), (0, 3), (3, 0)]:
        assert greedy_match(np.zeros(shape, bool)) == []
        assert maximum_match(np.zeros(shape, bool)) == []


def test_best_first_joins_the_largest_overlap_before_others():
    overlaps = np.array([[0.6, 0.9, 0.0], [0.0, 0.95, 0.7]])
    assert best_first_match(overlaps) == [(0, 0), (1, 1)]
    assert best_first_match(np.zeros((2, 3))) == []
    assert best_first_match(np.full((2, 2), 0.5)) == [(0, 0), (1, 1)]
