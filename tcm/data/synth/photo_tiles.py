"""Backgrounds out of photographs: pieces of scenes that no text touches."""

import cv2
import numpy as np

from tcm.data.datasets.dataset import Dataset
from tcm.geometry.polygons import bounding_box

_TILE = (96, 288)  # height and width of what is kept, in pixels
_PER_SCENE = 3
_TRIES = 8


class PhotoTiles:
    """Pieces of the scenes of a dataset, kept in memory.

    Args:
        scenes: Where they are from; texts are avoided whether they are ignored or not.
        most: Scenes that are looked at.
    """

    def __init__(self, scenes: Dataset, most: int = 400) -> None:
        rng = np.random.default_rng(0)
        order = rng.permutation(len(scenes))[:most].tolist()
        self.tiles = [tile for i in order for tile in _free_tiles(scenes, i, rng)]

    def __call__(self, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return a background, uint8 (height, width, 3)."""
        tile = self.tiles[int(rng.integers(len(self.tiles)))]
        scale = rng.uniform(0.35, 1.0)
        h = min(_TILE[0], max(2, round(height / scale)))
        w = min(_TILE[1], max(2, round(width / scale)))
        y, x = int(rng.integers(_TILE[0] - h + 1)), int(rng.integers(_TILE[1] - w + 1))
        part = tile[y : y + h, x : x + w]
        if rng.random() < 0.5:
            part = part[:, ::-1]
        return cv2.resize(np.ascontiguousarray(part), (width, height))


def _free_tiles(scenes: Dataset, index: int, rng: np.random.Generator) -> list[np.ndarray]:
    sample = scenes.load(index)
    boxes = np.array([bounding_box(p) for p in sample.instances.polygons]).reshape(-1, 4)
    height, width = sample.image.shape[:2]
    if height <= _TILE[0] or width <= _TILE[1]:
        return []
    tiles: list[np.ndarray] = []
    for _ in range(_TRIES):
        y, x = int(rng.integers(height - _TILE[0])), int(rng.integers(width - _TILE[1]))
        apart = (
            (boxes[:, 0] >= x + _TILE[1])
            | (boxes[:, 2] <= x)
            | (boxes[:, 1] >= y + _TILE[0])
            | (boxes[:, 3] <= y)
        )
        if apart.all() and len(tiles) < _PER_SCENE:
            tiles.append(sample.image[y : y + _TILE[0], x : x + _TILE[1]].copy())
    return tiles
