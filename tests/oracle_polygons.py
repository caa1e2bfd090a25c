"""Polygon lists and overlaps as the tests of geometry and detectors need them."""

import numpy as np
import shapely


def polygons_of(data, key):
    """Return the list of (P, 2) polygons, None for dropped ones, stored as KEY.flat and KEY.len."""
    ends = np.cumsum(data[f"{key}.len"])
    parts = np.split(data[f"{key}.flat"], ends[:-1])
    return [part.reshape(-1, 2) if len(part) else None for part in parts]


def iou(first, second):
    """Return the intersection over union of two (P, 2) polygons."""
    a, b = (shapely.Polygon(np.asarray(p, np.float64)).buffer(0) for p in (first, second))
    return a.intersection(b).area / a.union(b).area


def assert_same_outlines(found, wanted, least):
    """Check that two lists agree in number and that each polygon has a partner of IoU >= least."""
    assert len(found) == len(wanted)
    left = list(found)
    for polygon in wanted:
        overlaps = [iou(polygon, other) for other in left]
        assert max(overlaps) >= least
        left.pop(int(np.argmax(overlaps)))


def rectangle(width, height, centre, degrees=0.0):
    """Return a rotated rectangle (4, 2) float32, clockwise on the screen."""
    turn = np.deg2rad(degrees)
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return (corners @ rotation + centre).astype(np.float32)
