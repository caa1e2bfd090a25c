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


def best_free_match(weights: np.ndarray) -> list[tuple[int, int]]:
    """Join each truth in turn with the free detection of the largest weight, the first of equals.

    Arguments and result are those of `best_first_match`.
    """
    pairs: list[tuple[int, int]] = []
    free = np.ones(weights.shape[1], bool)
    for truth in np.flatnonzero(weights.any(axis=1)):
        left = np.where(free, weights[truth], 0.0)
        best = int(np.argmax(left))
        if left[best] > 0:
            free[best] = False
            pairs.append((int(truth), best))
    return pairs


def mutual_match(weights: np.ndarray) -> list[tuple[int, int]]:
    """Join the pairs that are each other's best; of equal ones the first on either side counts.

    Arguments and result are those of `best_first_match`.
    """
    if not weights.size:
        return []
    best, owner = weights.argmax(axis=1), weights.argmax(axis=0)
    truths = np.arange(len(weights))
    mutual = (owner[best] == truths) & (weights[truths, best] > 0)
    return [(int(truth), int(best[truth])) for truth in np.flatnonzero(mutual)]


def optimal_match(weights: np.ndarray) -> list[tuple[int, int]]:
    """Join pairs so that the sum of their weights is as large as can be.

    Of several best ones scipy's solver decides. Arguments and result are those of
    `best_first_match`.
    """
    from scipy.optimize import linear_sum_assignment  # not at the top: as above
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    rows, columns = (np.flatnonzero(weights.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return []
    reduced = weights[np.ix_(rows, columns)]
    # Texts that share no detection are independent, and small.
    graph = csr_matrix(np.pad(reduced, ((0, len(columns)), (len(rows), 0))))
    count, label = connected_components(graph, directed=False)
    pairs: list[tuple[int, int]] = []
    members = np.split(np.argsort(label, kind="stable"), np.cumsum(np.bincount(label))[:-1])
    for part in members[:count]:
        row, column = part[part < len(rows)], part[part >= len(rows)] - len(rows)
        block = reduced[np.ix_(row, column)]
        chosen = zip(*linear_sum_assignment(block, maximize=True), strict=True)
        pairs += [
            (int(rows[row[i]]), int(columns[column[j]])) for i, j in chosen if block[i, j] > 0
        ]
    return sorted(pairs)
