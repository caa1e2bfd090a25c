"""Small scenes for the protocol tests, and areas for the restatements of their rules."""

import zipfile
from pathlib import Path

import numpy as np
import shapely

from tcm.structures import TextInstances


def square(x, y=0.0, side=10.0):
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]], np.float32)


def squares(*xs, ignored=(), scores=None):
    """Squares of side 10 at the given x; `ignored` lists indices."""
    flags = np.isin(np.arange(len(xs)), ignored)
    return TextInstances([square(x) for x in xs], ignored=flags, scores=scores)


def make_zip(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def random_scene(rng, images=6):
    """Predictions and truths that overlap partly, with don't-care, near-ties, odd point counts."""
    predictions, truths = [], []
    for _ in range(images):
        count = int(rng.integers(0, 7))
        corners = [
            square(*rng.integers(0, 40, 2), side=int(rng.integers(6, 16))) for _ in range(count)
        ]
        truths.append(TextInstances(corners, ignored=rng.random(count) < 0.3))
        found = [
            p + rng.normal(0, 1.5, p.shape) for p in corners for _ in range(rng.integers(0, 3))
        ]
        found += [square(*rng.uniform(0, 50, 2)) for _ in range(rng.integers(0, 3))]
        found = [
            p if rng.random() < 0.5 else np.insert(p, 1, p[:2].mean(axis=0), axis=0) for p in found
        ]
        found = [p if rng.random() < 0.5 else p[::-1] for p in found]
        predictions.append(TextInstances(found, scores=rng.random(len(found))))
    return predictions, truths


def split_scene(rng, images=8, turn=0.5):
    """Predictions and truths in integers with splits, merges, duplicates, near misses, don't-care.

    Outlines are rectangles of 16 to 30 by 8 to 14 pixels, turned by up to `turn` radians.
    """
    predictions, truths = [], []
    for _ in range(images):
        outlines, found = [], []
        for place in rng.permutation(4)[: rng.integers(0, 5)]:
            left, top = 5 + 40 * (place % 2), 5 + 30 * (place // 2)
            width, height = int(rng.integers(16, 31)), int(rng.integers(8, 15))
            angle = rng.uniform(-turn, turn)
            lines = [[(0, 1)], [(0, 1)], [(0, 0.45), (0.55, 1)], [(0, 0.3), (0.35, 0.65), (0.7, 1)]]
            words = lines[rng.integers(len(lines))]
            outlines += [_part(left, top, width, height, angle, *word) for word in words]
            parts = [
                [(0, 1)],
                [(0, 0.5), (0.5, 1)],
                [(0, 1), (0.02, 1)],
                [(0.1, 1)],
                [(0, 0.6)],
                [],
            ]
            for part in parts[rng.integers(len(parts))]:
                jitter = rng.integers(-2, 3, 2)
                found.append(_part(left, top, width, height, angle, *part) + jitter)
        found += [square(*rng.integers(0, 60, 2)) for _ in range(rng.integers(0, 2))]
        count = len(outlines)
        truths.append(TextInstances(outlines, ignored=rng.random(count) < 0.25))
        predictions.append(TextInstances(found, scores=rng.random(len(found))))
    return predictions, truths


def _part(left, top, width, height, angle, start, stop):
    """A part of a rectangle, from `start` to `stop` of its width, turned about its first corner."""
    x, y = np.array([start, stop, stop, start]) * width, np.array([0, 0, 1, 1]) * height
    turned = np.stack(
        [x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)], axis=1
    )
    return np.rint(turned + [left, top])


def overlap(a, b):
    """The area of the intersection of two simple outlines, in square pixels."""
    return shapely.Polygon(a).intersection(shapely.Polygon(b)).area


def size(a):
    """The area of a simple outline, in square pixels."""
    return shapely.Polygon(a).area


def iou(a, b):
    """The intersection over union of two simple outlines."""
    inter = overlap(a, b)
    return inter / (size(a) + size(b) - inter)


def kept(found, truth, share=0.5, guard=0.0):
    """The detections that lie in no ignored truth by more than `share`, in their order."""
    ignored = [p for p, flag in zip(truth.polygons, truth.ignored, strict=True) if flag]
    return [
        p
        for p in found.polygons
        if all(overlap(p, q) / (size(p) + guard) <= share for q in ignored)
    ]


def cared(truth):
    """The outlines that are not ignored."""
    return [p for p, flag in zip(truth.polygons, truth.ignored, strict=True) if not flag]


def counts(scores):
    """Matched, truths and detections."""
    return scores.matched, scores.truths, scores.detections
