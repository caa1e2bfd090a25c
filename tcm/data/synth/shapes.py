"""The shapes a word takes in the image: straight, rotated, in perspective, on an arc or on a wave.

A shape knows the map between word coordinates (see `curves`) and the image, and the word's polygon
under this very map. Image coordinates are of the pixel-edge convention: the image spans
[0, W] x [0, H].
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Protocol, get_args

import cv2
import numpy as np

from tcm.data.synth.curves import Arc, Wave, random_arc, random_wave, ribbon
from tcm.geometry.polygons import transform_points

Style = Literal["straight", "rotated", "perspective", "curved"]
STYLES: tuple[Style, ...] = get_args(Style)

# From pixel centres, which OpenCV counts at integers, to pixel edges.
_TO_EDGES = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
_TO_CENTRES = np.linalg.inv(_TO_EDGES)

_LEAST = 4  # pixels of a crop's side
Region = tuple[int, int, int, int]  # x0, y0, x1, y1 in whole pixels


class WordShape(Protocol):
    """What the styles have in common."""

    @property
    def outline(self) -> np.ndarray:
        """The polygon: float64 (P, 2), pixels, clockwise from the reading-order top left."""

    def moved(self, offset: np.ndarray) -> WordShape:
        """Return the shape shifted by `offset` (2,) pixels."""

    def warp(self, mask: np.ndarray, to_word: np.ndarray, region: Region) -> np.ndarray:
        """Return what `mask` looks like in a region of the image.

        Args:
            mask: uint8 (h, w) or (h, w, C), 0 to 255.
            to_word: (3, 3) float64, affine, from mask coordinates to word coordinates.
            region: The part of the image.

        Returns:
            uint8 (y1 - y0, x1 - x0) or with C channels; 0 where the mask has nothing.
        """


def framed(shape: WordShape, margins: np.ndarray) -> tuple[WordShape, int, int]:
    """Return a shape in a crop of its own, and the crop's height and width in pixels, at least 4.

    Args:
        shape: Left as it is.
        margins: (2, 2) pixels around the outline: left and top, right and bottom.
    """
    low, high = shape.outline.min(axis=0), shape.outline.max(axis=0)
    size = np.maximum(np.ceil(high - low + margins.sum(axis=0)), _LEAST).astype(int)
    return shape.moved(margins[0] - low), int(size[1]), int(size[0])


@dataclass(frozen=True)
class FlatShape:
    """A word on a plane.

    Attributes:
        matrix: (3, 3) float64, word coordinates to image coordinates.
        outline: See `WordShape`.
    """

    matrix: np.ndarray
    outline: np.ndarray

    def moved(self, offset: np.ndarray) -> FlatShape:
        """Return the shape shifted by `offset` (2,) pixels."""
        return FlatShape(_translation(*offset) @ self.matrix, self.outline + offset)

    def warp(self, mask: np.ndarray, to_word: np.ndarray, region: Region) -> np.ndarray:
        """Return what `mask` looks like in a region of the image; see `WordShape`."""
        x0, y0, x1, y1 = region
        to_region = _translation(-x0, -y0) @ self.matrix @ to_word
        centred = _TO_CENTRES @ to_region @ _TO_EDGES
        return cv2.warpPerspective(mask, centred, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)


@dataclass(frozen=True)
class CurvedShape:
    """A bent word, turned and then shifted.

    Attributes:
        curve: The bend.
        rotation: (2, 2) float64.
        offset: (2,) float64, x then y, in pixels.
        outline: See `WordShape`.
    """

    curve: Arc | Wave
    rotation: np.ndarray
    offset: np.ndarray
    outline: np.ndarray

    def moved(self, offset: np.ndarray) -> CurvedShape:
        """Return the shape shifted by `offset` (2,) pixels."""
        return replace(self, offset=self.offset + offset, outline=self.outline + offset)

    def warp(self, mask: np.ndarray, to_word: np.ndarray, region: Region) -> np.ndarray:
        """Return what `mask` looks like in a region of the image; see `WordShape`."""
        x0, y0, x1, y1 = region
        dx = np.arange(x0, x1, dtype=np.float32)[None, :] + np.float32(0.5 - self.offset[0])
        dy = np.arange(y0, y1, dtype=np.float32)[:, None] + np.float32(0.5 - self.offset[1])
        back = self.rotation.T.astype(np.float32)
        u, v = self.curve.flatten(
            back[0, 0] * dx + back[0, 1] * dy, back[1, 0] * dx + back[1, 1] * dy
        )
        to_mask = _TO_CENTRES @ np.linalg.inv(to_word)
        map_x, map_y = (
            (u * row[0] + v * row[1] + row[2]).astype(np.float32) for row in to_mask[:2]
        )
        return cv2.remap(mask, map_x, map_y, cv2.INTER_LINEAR)


def make_shape(
    style: str, width: float, height: float, curve_points: int, rng: np.random.Generator
) -> WordShape:
    """Return a random shape of a style for an ink box of `width` x `height`, around the origin.

    Args:
        style: One of `STYLES`.
        width: Along the line, in pixels.
        height: Across the line, in pixels; in perspective the mean of the two ends.
        curve_points: Even number of vertices of a curved word's polygon; the others have 4.
        rng: The source of all randomness.
    """
    if style == "curved":
        return _curved(width, height, curve_points // 2, rng)
    matrix = np.eye(3)
    box = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    if style == "rotated":
        matrix[:2, :2] = _rotation(np.radians(rng.uniform(5, 60)) * rng.choice([-1, 1]))
    elif style == "perspective":
        matrix = _perspective(box, rng)
    return FlatShape(matrix, transform_points(box, matrix).astype(np.float64))


def _perspective(box: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the (3, 3) view of a board with the centred `box` (4, 2), turned in space."""
    yaw, pitch, roll = np.radians(rng.uniform((20, -30, -15), (50, 30, 15)))
    yaw *= rng.choice([-1, 1])
    turn_yaw = np.array([[np.cos(yaw), 0], [0, 1], [-np.sin(yaw), 0]])
    turn_pitch = np.eye(3)
    turn_pitch[1:, 1:] = _rotation(pitch)
    axes = turn_pitch @ turn_yaw  # columns: u and v as directions in space, z away from the viewer
    matrix = np.eye(3)
    matrix[:2, :2] = _rotation(roll) @ axes[:2]
    matrix[2, :2] = axes[2] / (rng.uniform(1.5, 3) * np.ptp(box, axis=0).max())
    a, b, c, d = transform_points(box, matrix)
    height = np.ptp(box[:, 1])
    matrix[:2] *= 2 * height / (np.linalg.norm(d - a) + np.linalg.norm(c - b))
    return matrix


def _curved(width: float, height: float, points: int, rng: np.random.Generator) -> CurvedShape:
    bend = random_arc if rng.random() < 0.6 else random_wave
    curve, step = bend(width, height, points - 1, rng)
    rotation = _rotation(np.radians(rng.uniform(-20, 20)))
    outline = ribbon(curve, width, height, points, step) @ rotation.T
    return CurvedShape(curve, rotation, np.zeros(2), outline)


def _rotation(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _translation(x: float, y: float) -> np.ndarray:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])
