"""From ABCNet's maps to Bezier curves and texts (Tian et al., ICCV 2019; Liu et al., CVPR 2020).

Shapes: B batch, K candidates, D detections of an image, R those of all images.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple

import numpy as np

from tcm.charset import Charset, CharsetConfig
from tcm.decoder import Arrays, SpotterDecoder
from tcm.geometry.bezier import bezier_to_polygon
from tcm.geometry.polygons import clockwise, transform_points
from tcm.models.detectors.outlines import FARTHEST, sigmoid
from tcm.models.spotters.abcnet.levels import POOLED_STRIDES, STRIDES
from tcm.registry import MODELS
from tcm.structures import TextInstances
from tcm.values import Bounds, Positive


class _Found(NamedTuple):
    """Candidates of an image in network pixels, float32: (K, 4), (K, 16), (K,) and (K, 2)."""

    boxes: np.ndarray
    beziers: np.ndarray
    scores: np.ndarray
    locations: np.ndarray

    def select(self, index: np.ndarray) -> "_Found":
        return _Found(*(part[index] for part in self))


@MODELS.register()
class ABCNetDecoder(SpotterDecoder):
    """Choose the sure locations, and of overlapping boxes the best; make texts of what is read.

    Candidates are ranked by the probability times the centerness, and neither boxes nor curves are
    clipped to the image, as in the authors' code. `TextFinder` chooses the same on the device.

    Args:
        score_thr: The probability of text, without the centerness, must be greater.
        nms_iou: IoU of boxes above which the worse one is dropped.
        per_level: Candidates of a level, at most.
        keep: Detections of an image, at most.
        samples: Points of each of the two curves in a polygon.
        charset: That of the recognizer.
    """

    def __init__(
        self,
        score_thr: float = 0.45,
        nms_iou: float = 0.5,
        per_level: Positive = 1000,
        keep: Positive = 100,
        samples: Annotated[int, Bounds(ge=2)] = 20,
        charset: CharsetConfig = "ascii95",
    ) -> None:
        self.score_thr = score_thr
        self.nms_iou = nms_iou
        self.per_level = per_level
        self.keep = keep
        self.samples = samples
        self.charset = Charset.build(charset)

    def texts_of(
        self, outputs: Arrays, matrices: Sequence[np.ndarray], sizes: Sequence[tuple[int, int]]
    ) -> list[TextInstances]:
        """Return the texts of each image, read, but for those that lie in the padding.

        The scores are those of the detection, as in the authors' code. A polygon starts at the
        first control point: the reading-order top left.

        Args:
            outputs: The tables of `ABCNetHead.outputs`.
            matrices: As of `Decoder`.
            sizes: As of `Decoder`.
        """
        found = []
        for i, (matrix, size) in enumerate(zip(matrices, sizes, strict=True)):
            beziers, locations, scores, classes = (
                outputs[name][i] for name in ("beziers", "locations", "scores", "classes")
            )
            kept = (scores >= 0) & (locations < np.array([size[1], size[0]])).all(axis=1)
            polygons = polygons_of(beziers[kept], matrix, self.samples)
            texts: list[str | None] = [self.charset.decode(row) for row in classes[kept]]
            found.append(TextInstances(polygons, texts, scores=scores[kept]))
        return found

    def outputs(
        self, maps: Arrays, read: Callable[[dict[str, np.ndarray]], Arrays]
    ) -> dict[str, np.ndarray]:
        """Return the tables of `ABCNetHead.outputs`, given the predictions of the head."""
        images = [self._find(maps, i) for i in range(len(maps[f"cls_{STRIDES[0]}"]))]
        counts = [len(found.scores) for found in images]
        classes = np.zeros((0, 0), np.int64)
        if any(counts):
            numbers = np.repeat(np.arange(len(images), dtype=np.float32), counts)[:, None]
            rois = np.hstack([numbers, np.concatenate([found.beziers for found in images])])
            features = {f"feature_{stride}": maps[f"feature_{stride}"] for stride in POOLED_STRIDES}
            classes = read({**features, "rois": rois})["classes"]
        parts = np.split(classes, np.cumsum(counts)[:-1])
        return {
            "beziers": _table([found.beziers for found in images]),
            "locations": _table([found.locations for found in images]),
            "scores": _table([found.scores for found in images], -1.0),
            "classes": _table(parts),
        }

    def _find(self, maps: Arrays, image: int) -> _Found:
        """Return the detections of an image, best first."""
        levels = [self._candidates(maps, image, stride) for stride in STRIDES]
        found = _Found(*(np.concatenate(parts) for parts in zip(*levels, strict=True)))
        places = np.hstack([found.boxes, found.beziers, found.scores[:, None]])
        found = found.select((np.abs(places) <= FARTHEST).all(axis=1))  # NaN does not
        return found.select(_suppress(found.boxes, found.scores, self.nms_iou, self.keep))

    def _candidates(self, maps: Arrays, image: int, stride: int) -> _Found:
        """Return the sure locations of a level, the best of them first."""
        cls, centerness, box, bezier = (
            maps[f"{name}_{stride}"][image] for name in ("cls", "centerness", "box", "bezier")
        )
        probability = sigmoid(cls.ravel())
        sure = np.flatnonzero(probability > self.score_thr)
        product = probability[sure] * sigmoid(centerness.ravel()[sure])
        best = np.argsort(-product, kind="stable")[: self.per_level]
        index, product = sure[best], product[best]
        rows, columns = np.divmod(index, cls.shape[-1])
        place = (np.stack([columns, rows], axis=1) * stride + stride // 2).astype(np.float32)
        box, bezier = (m.reshape(len(m), -1)[:, index].T * stride for m in (box, bezier))
        boxes = np.hstack([place - box[:, :2], place + box[:, 2:]])
        return _Found(boxes, bezier + np.tile(place, 8), np.sqrt(product), place)


def polygons_of(beziers: np.ndarray, matrix: np.ndarray, samples: int) -> list[np.ndarray]:
    """Return the outlines (2 * samples, 2) of curves (D, 16) in original coordinates."""
    outlines = bezier_to_polygon(beziers.astype(np.float64).reshape(-1, 8, 2), samples)
    return [clockwise(p) for p in transform_points(outlines, np.linalg.inv(matrix))]


def _suppress(boxes: np.ndarray, scores: np.ndarray, iou: float, keep: int) -> np.ndarray:
    """Return the indices of the boxes that no better one overlaps by more, the `keep` best first.

    In double precision, as `TextFinder` does it.
    """
    boxes = boxes.astype(np.float64)
    low, high = boxes[:, :2], boxes[:, 2:]
    areas = (high - low).prod(axis=1)
    left = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(left) and len(kept) < keep:
        best, left = left[0], left[1:]
        kept.append(best)
        sides = np.minimum(high[best], high[left]) - np.maximum(low[best], low[left])
        shared = sides.clip(min=0).prod(axis=1)
        with np.errstate(invalid="ignore"):  # two boxes without area do not overlap
            left = left[~(shared / (areas[best] + areas[left] - shared) > iou)]
    return np.array(kept, np.int64)


def _table(rows: Sequence[np.ndarray], fill: float = 0.0) -> np.ndarray:
    """Return arrays (D_i, ...) of the B images as (B, D, ...), filled up to the longest."""
    table = np.full((len(rows), max(map(len, rows)), *rows[0].shape[1:]), fill, rows[0].dtype)
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return table
