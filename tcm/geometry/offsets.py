"""Growing and shrinking polygons: the "Vatti clipping" of DBNet and PSENet, with round joins."""

import numpy as np
import shapely

from tcm.errors import ConfigError
from tcm.geometry.polygons import clockwise

_ARC_SEGMENTS = 4  # per quarter circle; Clipper's arc tolerance of 0.25 px gives about as many at these distances


def offset_polygon(polygon: np.ndarray, distance: float) -> np.ndarray | None:
    """Move the outline of (P, 2) outwards by `distance` pixels (inwards if negative), exactly, in floating point.

    Returns:
        float32 (Q, 2), clockwise, open; None if nothing is left or it falls into several parts.
    """
    shape = shapely.Polygon(np.asarray(polygon, np.float64))
    moved = (shape if shape.is_valid else shape.buffer(0)).buffer(distance, quad_segs=_ARC_SEGMENTS)
    if moved.geom_type != "Polygon" or moved.is_empty:
        return None
    return clockwise(np.asarray(moved.exterior.coords[:-1], np.float32))


def offset_polygon_integer(polygon: np.ndarray, distance: float) -> np.ndarray | None:
    """Do the same as MMOCR does it: through pyclipper, which truncates the input and rounds the result to integers.

    Raises:
        ConfigError: pyclipper is not installed.
    """
    try:
        import pyclipper
    except ImportError as error:
        raise ConfigError("integer offsets need pyclipper: pip install 'tcm[mmocr]'") from error
    offsetter = pyclipper.PyclipperOffset()
    offsetter.AddPath(np.asarray(polygon).tolist(), pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    parts = offsetter.Execute(distance)
    return np.asarray(parts[0], np.float32) if len(parts) == 1 else None
