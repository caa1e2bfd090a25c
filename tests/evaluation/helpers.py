"""Small scenes of squares for the protocol tests."""

import zipfile
from pathlib import Path

import numpy as np

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
