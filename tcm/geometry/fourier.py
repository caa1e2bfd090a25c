"""Fourier contours (Zhu et al., CVPR 2021, section 3.2): closed outlines as a few coefficients.

An outline is z(t) = x + iy = sum over j = -k..k of c_j exp(2 pi i j t), t in [0, 1). A *signature*
is the 2k + 1 complex coefficients c_-k..c_k; written as real numbers it has 2 (2k + 1) entries,
first the real parts, then the imaginary ones.
"""

from typing import Literal

import numpy as np

StartPoint = Literal["right", "top"]

_POINTS_PER_VERTEX = 8  # at least this many on average, so that no outline is left without any
_NEAR = 8  # candidates for MMOCR's start


def resample_outline(polygon: np.ndarray, points: int = 400) -> np.ndarray:
    """Return at most `points` points (N, 2) float64 along a closed outline (P, 2).

    Every edge gets its share of the perimeter, rounded down, evenly spaced from its first vertex
    on. Outlines with many vertices get at least 8 points per vertex.
    """
    vertices = np.asarray(polygon, np.float64)
    edges = _turned(vertices, 1) - vertices
    lengths = np.hypot(*edges.T)
    points = max(points, _POINTS_PER_VERTEX * len(vertices))
    counts = np.floor(points * lengths / (lengths.sum() + 1e-8)).astype(np.int64)
    owners = np.repeat(np.arange(len(vertices)), counts)
    steps = np.arange(len(owners)) - (np.cumsum(counts) - counts)[owners]
    return vertices[owners] + edges[owners] * (steps / counts[owners])[:, None]


def fourier_signature(
    polygon: np.ndarray, degree: int = 5, points: int = 400, start: StartPoint = "right"
) -> np.ndarray:
    """Return the signature complex128 (2 degree + 1,) of an outline (P, 2), in its own unit.

    The coefficients do not depend on the direction of the outline or on its first vertex.

    Args:
        polygon: A closed outline with a positive perimeter.
        degree: k, the greatest frequency.
        points: The outline is resampled to at most so many.
        start: Where t = 0 lies: ``right`` is the rightmost intersection with the horizontal line
            through the centre, as the paper has it; ``top`` the highest of the 8 points nearest to
            the vertical line through it, as MMOCR has it.
    """
    outline = resample_outline(polygon, points)
    x, y = (outline - outline.mean(axis=0)).T
    first = _rightmost(x, y) if start == "right" else _topmost(x, y)
    turned = _turned(outline.view(np.complex128)[:, 0], first)
    spectrum = np.fft.fft(turned)
    signature = np.concatenate([spectrum[-degree:], spectrum[: degree + 1]]) / len(turned)
    return signature if _runs_clockwise(signature, degree) else signature[::-1].copy()


def fourier_basis(degree: int, points: int) -> np.ndarray:
    """Return float64 (2 (2 degree + 1), 2 points): real signatures times it are outlines.

    The first `points` columns give x, the others y, at t = n / points.
    """
    frequencies = np.arange(-degree, degree + 1)[:, None]
    angles = 2 * np.pi * frequencies * np.arange(points) / points
    cosine, sine = np.cos(angles), np.sin(angles)
    return np.block([[cosine, sine], [-sine, cosine]])


def fourier_outlines(signatures: np.ndarray, points: int = 50) -> np.ndarray:
    """Return the outlines float64 (N, points, 2) of N real signatures (N, 2 (2k + 1))."""
    degree = (signatures.shape[1] // 2 - 1) // 2
    flat = np.asarray(signatures, np.float64) @ fourier_basis(degree, points)
    return np.stack([flat[:, :points], flat[:, points:]], axis=2)


def real_signature(signature: np.ndarray) -> np.ndarray:
    """Return a complex signature (2k + 1,) as float64 (2 (2k + 1),), real parts first."""
    return np.concatenate([signature.real, signature.imag])


def _turned(points: np.ndarray, first: int) -> np.ndarray:
    """Return the points (N, ...) of a closed outline from `first` on; much faster than np.roll."""
    return np.concatenate([points[first:], points[:first]])


def _rightmost(x: np.ndarray, y: np.ndarray) -> int:
    """Return the point at the rightmost crossing of the axis y = 0."""
    above = y < 0
    crossings = np.flatnonzero(above != _turned(above, 1))
    if not len(crossings):  # a horizontal line
        return int(x.argmax())
    before = crossings[x[crossings].argmax()]
    after = (before + 1) % len(y)
    return int(before if abs(y[before]) <= abs(y[after]) else after)


def _topmost(x: np.ndarray, y: np.ndarray) -> int:
    near = np.argsort(np.abs(x), kind="stable")[:_NEAR]
    return int(near[y[near].argmin()])


def _runs_clockwise(signature: np.ndarray, degree: int) -> bool:
    """Tell whether the signature's direction is the agreed one: the stronger of c_1 and c_-1."""
    forward, backward = np.abs(signature[degree + 1]), np.abs(signature[degree - 1])
    if forward != backward or degree < 2:
        return bool(forward >= backward)
    return bool(np.abs(signature[degree + 2]) > np.abs(signature[degree - 2]))
