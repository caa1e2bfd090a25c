"""How far an exported model is from the one that it was made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from tcm.contracts import Model, as_arrays
from tcm.geometry.polygons import repair
from tcm.inference.onnx.ctc import OnnxCTCRecognizer
from tcm.inference.onnx.detector import OnnxDetector
from tcm.inference.onnx.recognizer import OnnxRecognizer
from tcm.structures import Batch, TextInstances


@dataclass(frozen=True)
class Parity:
    """What a comparison has found.

    Attributes:
        difference: Greatest difference of an output, over the greatest magnitude of that output
            where it is above 1.
        figures: Further ones by name, for people.
    """

    difference: float
    figures: dict[str, Any]

    def lines(self) -> list[str]:
        """Return the figures, a line each."""
        first = f"greatest difference of an output: {self.difference:.2e}"
        return [first, *(f"{name}: {_shown(value)}" for name, value in self.figures.items())]

    def as_json(self) -> dict[str, Any]:
        """Return all figures by name."""
        return {"difference": self.difference, **self.figures}


def compare_detector(model: Model, runner: OnnxDetector, batches: Sequence[Batch]) -> Parity:
    """Return how a detector or spotter and its export differ on images.

    Args:
        model: In eval mode, on the CPU.
        runner: What was made of it.
        batches: Of images; their texts don't matter.
    """
    differences = []
    pairs: list[tuple[TextInstances, TextInstances]] = []
    for batch in batches:
        matrices = [sample.matrix for sample in batch.samples]
        sizes = [sample.size for sample in batch.samples]
        given = {"images": batch.images.contiguous()}
        if model.masks_padding:
            given["sizes"] = torch.tensor(sizes)
        with torch.no_grad():
            maps = model.graphs()["model"].module(**given)
        others = runner.graphs["model"](**{name: value.numpy() for name, value in given.items()})
        differences.append(difference(*paired(as_arrays(maps), others)))
        wanted = model.predict(batch.images, matrices, sizes)
        images = batch.images.permute(0, 2, 3, 1).numpy()
        pairs += zip(wanted, runner.detect(images, matrices, sizes), strict=True)
    least, texts = 1.0, 0
    for pair in pairs:
        ious, same = _matched(*pair)
        least, texts = min([least, *ious]), texts + same
    counts = [sum(map(len, side)) for side in zip(*pairs, strict=True)]
    figures: dict[str, Any] = {
        "images": len(pairs),
        "polygons with PyTorch": counts[0],
        "polygons with onnxruntime": counts[1],
        "least IoU": least,
    }
    return Parity(max(differences), {**figures, **({"equal texts": texts} if runner.reads else {})})


@torch.no_grad()
def compare_recognizer(
    model: Model, runner: OnnxRecognizer | OnnxCTCRecognizer, batches: Sequence[Batch]
) -> Parity:
    """Return how a recognizer and its export differ on crops.

    The difference is that of the last answers' logits, as far as both have read.

    Args:
        model: In eval mode, on the CPU; called with images it gives logits.
        runner: What was made of it.
        batches: Of crops; their texts don't matter.
    """
    differences, words, equal, gap = [0.0], 0, 0, 0.0
    for crops in (crops for batch in batches for crops in crops_of(batch)):
        images = torch.from_numpy(crops).permute(0, 3, 1, 2)
        logits, same = model(images).numpy(), runner.logits(crops)
        length = min(logits.shape[1], same.shape[1])
        both = ({"logits": values[:, :length]} for values in (logits, same))
        differences.append(difference(*both))
        identity = [np.eye(3)] * len(crops)
        wanted = model.predict(images, identity, [crops.shape[1:3]] * len(crops))
        found = runner.read(crops)
        words += len(crops)
        for one, other in zip(wanted, found, strict=True):
            assert one.scores is not None, "predictions have scores"
            equal += one.texts == [other.text]
            gap = max(gap, abs(float(one.scores[0]) - other.confidence))
    figures = {"words": words, "equal texts": equal, "greatest difference of a confidence": gap}
    return Parity(max(differences), figures)


def crops_of(batch: Batch) -> list[np.ndarray]:
    """Return the crops of a batch without its padding, those of a size together: (B, h, w, 3)."""
    sizes: dict[tuple[int, int], list[int]] = {}
    for i, sample in enumerate(batch.samples):
        sizes.setdefault(sample.size, []).append(i)
    pixels = batch.images.permute(0, 2, 3, 1).numpy()
    return [
        np.ascontiguousarray(pixels[members, :height, :width])
        for (height, width), members in sizes.items()
    ]


def paired(
    wanted: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray]
) -> tuple[Mapping[str, np.ndarray], Mapping[str, np.ndarray]]:
    """Return the outputs with equal candidates of an image in equal rows.

    The surest candidates come in the order of their scores, and rounding swaps those of nearly
    equal ones. Those of no score are left out. Maps, which have no rows, stay as they are.
    """
    if "scores" not in wanted:
        return wanted, found
    shape = wanted["scores"].shape
    rows = [n for n, v in wanted.items() if v.shape[:2] == shape == found[n].shape[:2]]
    if "scores" not in rows:
        return wanted, found
    sides = [{name: side[name] for name in rows} for side in (wanted, found)]
    count = max(int((side["scores"] > 0).sum(1).max()) for side in sides)
    first, second = (_first(side, count) for side in sides)
    pairs = zip(_table(first, first), _table(second, first), strict=True)
    order = np.stack([linear_sum_assignment(cdist(*pair, "chebyshev"))[1] for pair in pairs])
    second = {name: _taken(value, order) for name, value in second.items()}
    return {**wanted, **first}, {**found, **second}


def _first(side: Mapping[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    """Return the candidates that have a score, `count` of each image, filled up with zeros."""
    none = side["scores"] <= 0
    order = np.argsort(none, axis=1, kind="stable")[:, :count]
    there = ~_taken(none, order)
    cut = {name: _taken(value, order) for name, value in side.items()}
    return {n: v * there.reshape(*there.shape, *[1] * (v.ndim - 2)) for n, v in cut.items()}


def _taken(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return rows (B, N, ...) of values (B, M, ...) by their numbers (B, N)."""
    return values[np.arange(len(order))[:, None], order]


def _table(side: Mapping[str, np.ndarray], scales: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return all numbers of the candidates (B, N, F), those of an output over its magnitude."""
    parts = []
    for name, scale in scales.items():
        numbers = side[name].reshape(*side[name].shape[:2], -1).astype(np.float64)
        parts.append(numbers / max(1.0, float(np.abs(scale).max(initial=0.0))))
    return np.nan_to_num(np.concatenate(parts, axis=2))


def difference(wanted: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray]) -> float:
    """Return the greatest difference of the floats among named outputs, as of `Parity`.

    Infinite where shapes differ or one of them is not finite.
    """
    worst = 0.0
    for name, value in wanted.items():
        other = found[name]
        if value.shape != other.shape:
            return float("inf")
        if value.dtype.kind == "f" and value.size:
            scale = max(1.0, float(np.abs(value).max()))
            gap = float(np.abs(value - other).max()) / scale
            worst = max(worst, gap if np.isfinite(gap) else float("inf"))
    return worst


def _matched(wanted: TextInstances, found: TextInstances) -> tuple[list[float], int]:
    """Return for each wanted polygon its IoU with the best one found, and how many texts agree."""
    ours, theirs = ([repair(polygon) for polygon in side.polygons] for side in (wanted, found))
    tree = shapely.STRtree(theirs)
    ious, same = [], 0
    for shape, text in zip(ours, wanted.texts, strict=True):
        near = tree.query(shape)
        overlaps = [_iou(shape, theirs[i]) for i in near]
        ious.append(max(overlaps, default=0.0))
        same += bool(overlaps) and found.texts[near[int(np.argmax(overlaps))]] == text
    return ious, same


def _iou(first: shapely.Geometry, second: shapely.Geometry) -> float:
    union = first.union(second).area
    return first.intersection(second).area / union if union else 1.0


def _shown(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
