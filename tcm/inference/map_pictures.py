"""What a detector's network sees, laid over the image in colours."""

from collections.abc import Mapping

import cv2
import numpy as np

from tcm.inference.labels import write_label
from tcm.inference.small_pictures import coloured, smaller

_SIDE = 960  # pixels of a panel's long side
_SHARE = 0.6  # of the map over the image
_WHITE = (255, 255, 255)


def draw_maps(image: np.ndarray, maps: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the maps side by side, each over the image, yellow where it is greatest.

    Args:
        image: (H, W, 3) uint8 RGB.
        maps: Name to float32 (h, w), which spans the image.

    Returns:
        (h, w, 3) uint8 RGB; each panel names its map and its range.
    """
    ground = smaller(image, _SIDE)
    return np.hstack([_panel(ground, name, values) for name, values in maps.items()])


def _panel(ground: np.ndarray, name: str, values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    colours = coloured(cv2.resize(values, ground.shape[1::-1]))
    panel = cv2.addWeighted(colours, _SHARE, ground, 1 - _SHARE, 0)
    write_label(panel, f"{name} {low:.3g} to {high:.3g}", (4, len(panel)), _WHITE)
    return panel
