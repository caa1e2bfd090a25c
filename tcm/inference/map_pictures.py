"""What a detector's network sees, laid over the image in colours."""

from collections.abc import Mapping

import cv2
import numpy as np

from tcm.inference.labels import write_label

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
    factor = min(1.0, _SIDE / max(image.shape[:2]))
    size = tuple(max(round(side * factor), 1) for side in image.shape[1::-1])
    ground = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.hstack([_panel(ground, name, values) for name, values in maps.items()])


def _panel(ground: np.ndarray, name: str, values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    share = (values - low) / max(high - low, 1e-12)
    large = cv2.resize(share.astype(np.float32), ground.shape[1::-1])
    colours = cv2.applyColorMap(np.rint(large * 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    colours = cv2.cvtColor(colours, cv2.COLOR_BGR2RGB)
    panel = cv2.addWeighted(colours, _SHARE, ground, 1 - _SHARE, 0)
    write_label(panel, f"{name} {low:.3g} to {high:.3g}", (4, len(panel)), _WHITE)
    return panel
