"""From FCENet's maps to text outlines (Zhu et al., CVPR 2021, section 3.3, "Inference").

The pixel (column i, row j) of a level of stride s is taken to lie at the point (i s, j s), as in
the targets.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import cv2
import numpy as np

from tcm.decoder import Arrays, Decoder
from tcm.geometry.fourier import fourier_outlines
from tcm.geometry.polygons import min_area_rects
from tcm.models.detectors.fcenet.suppression import (
    Budget,
    Overlaps,
    signed_areas,
    suppress,
    suppress_in_groups,
)
from tcm.models.detectors.outlines import FARTHEST, to_original
from tcm.registry import MODELS
from tcm.structures import TextInstances
from tcm.values import Bounds, OpenShare, Positive


@MODELS.register()
class FCEDecoder(Decoder):
    """Draw the outline that every sure pixel predicts, and suppress those that overlap.

    The score of a pixel is text^alpha * center^beta. Outlines are suppressed first among the pixels
    of one region, then of one level, then of all levels. The authors' settings are alpha 1.2, beta
    1.0 with quads for ICDAR 2015, and the defaults for curved text.

    Args:
        alpha: Exponent of the probability of text.
        beta: Exponent of the probability of a centre.
        score_thr: Pixels above it belong to a region; holes are filled.
        nms_thr: An outline that overlaps a better one by more (intersection over union) is dropped.
        num_points: Points of an outline.
        output: ``poly`` for outlines, ``quad`` for rotated rectangles.
        max_candidates: Pixels of a level that are looked at, at most: those of the best scores. 270
            words in 736x1280 pixels have 4015.
        max_intersections: Of outlines of an image, at most; once they are spent, an outline is
            dropped that may overlap a better one. Those words need 90.
        strides: Network pixels per pixel of each level, those of the head.
    """

    def __init__(
        self,
        alpha: float = 1.0,
        beta: float = 2.0,
        score_thr: float = 0.3,
        nms_thr: OpenShare = 0.1,
        num_points: Positive = 50,
        output: Literal["poly", "quad"] = "poly",
        max_candidates: Positive = 10_000,
        max_intersections: Annotated[int, Bounds(ge=0)] = 20_000,
        strides: Sequence[int] = (8, 16, 32),
    ) -> None:
        self.alpha, self.beta = alpha, beta
        self.score_thr = score_thr
        self.nms_thr = nms_thr
        self.num_points = num_points
        self.output = output
        self.max_candidates = max_candidates
        self.max_intersections = max_intersections
        self.strides = tuple(strides)

    def texts_of(
        self, outputs: Arrays, matrices: Sequence[np.ndarray], sizes: Sequence[tuple[int, int]]
    ) -> list[TextInstances]:
        """Return the texts of each image, given ``probability_i`` and ``reg_i`` of `FCEHead`."""
        return [
            self(self._level_maps(outputs, index, size), matrix)
            for index, (matrix, size) in enumerate(zip(matrices, sizes, strict=True))
        ]

    def _level_maps(
        self, outputs: Arrays, index: int, size: tuple[int, int]
    ) -> list[tuple[np.ndarray, np.ndarray, int]]:
        """Return an image's probabilities and signatures of each level without padding."""
        maps = []
        for i, stride in enumerate(self.strides):
            height, width = (-(-side // stride) for side in size)
            crop = (index, slice(None), slice(height), slice(width))
            maps.append((outputs[f"probability_{i}"][crop], outputs[f"reg_{i}"][crop], stride))
        return maps

    def __call__(
        self, levels: Sequence[tuple[np.ndarray, np.ndarray, int]], matrix: np.ndarray
    ) -> TextInstances:
        """Return the texts of one image in original image coordinates, best first, with scores.

        Args:
            levels: For each level its probabilities of text and centre, float32 (2, h, w) in
                [0, 1]; its signatures, float32 (2 (2k + 1), h, w), relative to the pixel; and its
                stride. None has padding.
            matrix: float64 (3, 3), original image to network coordinates.
        """
        budget = Budget(self.max_intersections)
        found = [self._level(*level, budget) for level in levels]
        outlines, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
        kept = suppress(Overlaps(outlines, self.nms_thr, budget), scores, np.arange(len(scores)))
        return TextInstances(to_original(list(outlines[kept]), matrix), scores=scores[kept])

    def _level(
        self, probabilities: np.ndarray, signatures: np.ndarray, stride: int, budget: Budget
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return a level's outlines float64 (N, P, 2) in network pixels and scores (N,)."""
        score = probabilities[0] ** self.alpha * probabilities[1] ** self.beta
        regions = _regions(score > self.score_thr)
        pixels = _best(score, np.nonzero((regions > 0) & (score > 0)), self.max_candidates)
        outlines, sound = self._oriented(self._outlines(signatures, pixels) * stride)
        scores, groups = score[pixels][sound], regions[pixels][sound]
        overlaps = Overlaps(outlines, self.nms_thr, budget)
        kept = suppress(overlaps, scores, suppress_in_groups(overlaps, scores, groups))
        if self.output == "poly":
            return outlines[kept], scores[kept]
        corners = min_area_rects(list(outlines[kept]))[0].astype(np.float64)
        corners, sound = self._oriented(corners)
        return corners, scores[kept][sound]

    def _outlines(self, signatures: np.ndarray, pixels: tuple[np.ndarray, ...]) -> np.ndarray:
        """Return the outlines float64 (N, P, 2) that N pixels predict, in the level's pixels."""
        rows, columns = pixels
        outlines = fourier_outlines(signatures[:, rows, columns].T, self.num_points)
        return outlines + np.stack([columns, rows], axis=1)[:, None]

    def _oriented(self, outlines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return those outlines that enclose something, made clockwise, and which those are.

        None lies farther away than any image is large.
        """
        areas = signed_areas(outlines)
        sound = (np.abs(outlines) <= FARTHEST).all(axis=(1, 2)) & (areas != 0)
        turned = np.where((areas < 0)[:, None, None], outlines[:, ::-1], outlines)
        return turned[sound], sound


def _best(score: np.ndarray, pixels: tuple[np.ndarray, ...], most: int) -> tuple[np.ndarray, ...]:
    """Return the rows and columns of the pixels of the best scores, in their order."""
    if len(pixels[0]) <= most:
        return pixels
    best = np.sort(np.argsort(-score[pixels], kind="stable")[:most])
    return pixels[0][best], pixels[1][best]


def _regions(mask: np.ndarray) -> np.ndarray:
    """Return int32 labels (h, w) of the regions of a mask, holes included; 0 is outside."""
    framed = np.pad(~mask, 1, constant_values=True).view(np.uint8)
    # Diagonal neighbours join a region, and so they part the background.
    _, background = cv2.connectedComponents(framed, connectivity=4)
    filled = (background != background[0, 0])[1:-1, 1:-1].astype(np.uint8)
    return cv2.connectedComponents(filled, connectivity=8)[1]
