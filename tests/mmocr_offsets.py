"""MMOCR's offsets in whole pixels, which oracles of it hold; ours are exact.

Its pyclipper truncates the coordinates that it gets and rounds those that it returns. Targets take
these functions in place of `offset_polygons` where they are compared with MMOCR's.
"""

import numpy as np
import pyclipper
import shapely

from tcm.geometry.polygons import clockwise


def offset_polygon_integer(polygon, distance):
    """Return the outline (P, 2) moved outwards; None if it vanishes or falls into parts."""
    offsetter = pyclipper.PyclipperOffset()
    offsetter.AddPath(np.asarray(polygon).tolist(), pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    parts = offsetter.Execute(float(distance))
    return clockwise(np.asarray(parts[0], np.float32)) if len(parts) == 1 else None


def integer_offsets(polygons, distances):
    """Move N outlines; a distance inwards is rounded to whole pixels."""
    pairs = zip(polygons, distances, strict=True)
    return [offset_polygon_integer(p, d if d > 0 else -int(0.5 - d)) for p, d in pairs]


def integer_offsets_of_ratio(ratio):
    """Return `integer_offsets`, where outlines are truncated before the distance is computed."""

    def offsets(polygons, distances):
        steps = []
        for polygon, distance in zip(polygons, distances, strict=True):
            whole = shapely.Polygon(np.trunc(polygon))
            step = whole.area * (1 - ratio**2) / (whole.length + 0.001)
            steps.append(distance if distance > 0 else -step)
        return integer_offsets(polygons, steps)

    return offsets
