"""Random crop between the texts, after EAST (Zhou et al., CVPR 2017), as DBNet's authors do it."""

from typing import Annotated, Literal

import numpy as np

from tcm.data.transforms.moves import bounds, clip, inside, shift
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import Bounds, Positive


@TRANSFORMS.register()
class RandomCropText:
    """Crop along lines that run between the texts, which are drawn blindly.

    Two lines are drawn on each axis by itself, at integer positions that no text covers, first a
    run of such positions and then one of its members, so that narrow gaps are as likely as wide
    ones. This is repeated until the crop is large enough and has a text that counts; if no try
    succeeds, the sample stays whole.
    """

    def __init__(
        self,
        min_side_ratio: Annotated[float, Bounds(gt=0, le=1)] = 0.1,
        max_tries: Positive = 10,
        rule: Literal["authors", "uncut"] = "authors",
    ) -> None:
        """Set up.

        Args:
            min_side_ratio: Least side of the crop as a fraction of the canvas' side, in (0, 1].
            max_tries: How many crops are drawn at most.
            rule: ``authors`` for that of DBNet and MMOCR 0.x: only texts that count block the
                lines, so that ignored ones are cut; the last run of an axis is not drawn, except
                when one run besides it is all there is, where positions are drawn from both; a text
                that touches the crop is enough. ``uncut``: every text blocks the lines, so that
                none is cut, every run is drawn, and a text that counts lies wholly in the crop.
        """
        self.min_side_ratio = min_side_ratio
        self.max_tries = max_tries
        self.rule = rule

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the cropped sample; texts are cut at its border (see `moves.clip`)."""
        sample = clip(sample)
        window = self._window(sample, rng)
        return sample if window is None else clip(shift(sample, window))

    def _window(self, sample: Sample, rng: np.random.Generator) -> np.ndarray | None:
        height, width = sample.size
        boxes = bounds(sample.instances.polygons)
        cared = boxes[~sample.instances.ignored]
        blocking = cared if self.rule == "authors" else boxes
        axes = [self._runs(blocking[:, 0::2], width), self._runs(blocking[:, 1::2], height)]
        if not len(cared) or not all(axes):
            return None
        least = np.array([width, height]) * self.min_side_ratio
        for _ in range(self.max_tries):
            lines = np.sort([[_draw(runs, rng), _draw(runs, rng)] for runs in axes], axis=1)
            window = lines.T.ravel()
            large = (lines[:, 1] - lines[:, 0] >= np.maximum(least, 1)).all()
            if large and self._holds(window, cared):
                return window
        return None

    def _runs(self, spans: np.ndarray, side: int) -> list[np.ndarray]:
        """Return the runs of positions to draw from, (P,) each, for spans (N, 2) of an axis."""
        free = free_positions(spans, side)
        if self.rule == "uncut":
            return _split(free)
        free = free[free < side]  # the authors' lines are pixels, so the border is none of them
        drawn = _split(free)[:-1]
        return drawn if len(drawn) > 1 or not len(free) else [free]

    def _holds(self, window: np.ndarray, cared: np.ndarray) -> bool:
        if self.rule == "uncut":
            return bool(inside(cared, window).any())
        touched = (cared[:, 2:] >= window[:2]) & (cared[:, :2] <= window[2:])
        return bool(touched.all(axis=1).any())


def free_positions(spans: np.ndarray, side: int) -> np.ndarray:
    """Return the sorted int64 positions in 0..side where a line cuts none of the spans.

    Spans are (N, 2), each (low, high) in pixels.
    """
    low = np.clip(np.floor(spans[:, 0]), 0, side).astype(np.int64)
    high = np.clip(np.ceil(spans[:, 1]), 0, side).astype(np.int64)
    steps = np.zeros(side + 1, np.int64)
    np.add.at(steps, low, 1)
    np.add.at(steps, high, -1)
    return np.flatnonzero(np.cumsum(steps) == 0)


def draw_position(positions: np.ndarray, rng: np.random.Generator) -> int:
    """Draw a run of consecutive positions (P,), then one of its members, both uniformly."""
    return _draw(_split(positions), rng)


def _draw(runs: list[np.ndarray], rng: np.random.Generator) -> int:
    run = runs[rng.integers(len(runs))]
    return int(run[rng.integers(len(run))])


def _split(positions: np.ndarray) -> list[np.ndarray]:
    """Return the runs of consecutive positions (P,), P >= 0; none has no member."""
    runs = np.split(positions, np.flatnonzero(np.diff(positions) > 1) + 1)
    return runs if len(positions) else []
