"""Assigning detections to ground truths, given which pairs may be joined."""

import numpy as np


def greedy_match(hits: np.ndarray) -> list[tuple[int, int]]:
    """Join each truth in turn with the first free detection: the RRC's rule, MMOCR's "vanilla".

    Args:
        hits: (truths, detections) bool, the pairs that may be joined.

    Returns:
        Pairs (truth, detection); each index occurs at most once.
    """
    pairs: list[tuple[int, int]] = []
    taken = np.zeros(hits.shape[1], bool)
    for truth in np.flatnonzero(hits.any(axis=1)):
        free = np.flatnonzero(hits[truth] & ~taken)
        if len(free):
            taken[free[0]] = True
            pairs.append((int(truth), int(free[0])))
    return pairs


def maximum_match(hits: np.ndarray) -> list[tuple[int, int]]:
    """Join as many pairs as possible; arguments and result are those of `greedy_match`."""
    from scipy.sparse import csr_matrix  # not at the top: slow to import, and few protocols need it
    from scipy.sparse.csgraph import maximum_bipartite_matching

    truth_of = maximum_bipartite_matching(csr_matrix(hits), perm_type="row")
    return sorted((int(truth), detection) for detection, truth in enumerate(truth_of) if truth >= 0)


def best_first_match(overlaps: np.ndarray) -> list[tuple[int, int]]:
    """Join pairs in falling order of their overlap; equal ones in order of truth, then detection.

    Args:
        overlaps: (truths, detections) float64; 0 where a pair may not be joined.

    Returns:
        Pairs (truth, detection), by truth; each index occurs at most once.
    """
    pairs: list[tuple[int, int]] = []
    free_truth, free_detection = (np.ones(size, bool) for size in overlaps.shape)
    for flat in np.argsort(-overlaps, axis=None, kind="stable"):
        truth, detection = np.unravel_index(flat, overlaps.shape)
        if overlaps[truth, detection] <= 0:
            break
        if free_truth[truth] and free_detection[detection]:
            free_truth[truth] = free_detection[detection] = False
            pairs.append((int(truth), int(detection)))
    return sorted(pairs)
