"""Backgrounds: gradients and clouds, things that a hasty detector takes for text, and noise."""

from collections.abc import Callable

import cv2
import numpy as np

Colour = tuple[int, int, int]


def paint_background(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Return a random background without text: uint8 (height, width, 3) RGB."""
    canvas = _clouds(height, width, rng)
    for _ in range(int(rng.integers(0, 9))):
        draw = _MOTIFS[int(rng.integers(len(_MOTIFS)))]
        x, y = int(rng.integers(width)), int(rng.integers(height))
        reach = max(8, int(min(height, width) * rng.uniform(0.05, 0.3)))
        draw(canvas, x, y, reach, rng)
    return _add_texture(canvas, rng)


def add_grain(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return uint8 (H, W, 3) as a camera would take it: always grainy, sometimes out of focus."""
    if rng.random() < 0.3:
        image = cv2.GaussianBlur(image, (3, 3), rng.uniform(0.4, 0.8))
    reach = int(rng.integers(2, 11))
    grain = rng.integers(-reach, reach + 1, image.shape[:2], np.int8)
    return _brightened(image, grain.astype(np.int16))


def random_colour(rng: np.random.Generator) -> Colour:
    """Return an RGB colour of evenly spread brightness and mostly low saturation, as in streets."""
    vivid = (8, 25, 60)[int(rng.integers(3))]
    channels = rng.uniform(0, 255) + rng.normal(0, vivid, 3)
    r, g, b = (min(255, max(0, int(c))) for c in channels)
    return r, g, b


def _clouds(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Return two colours mixed over the image: evenly, as a gradient, or in patches."""
    rows, columns = rng.integers(1, 5, 2)
    first, second = np.array(random_colour(rng)), np.array(random_colour(rng))
    share = rng.random((rows, columns, 1)) * rng.uniform(0.2, 1)
    cells = (first + (second - first) * share).astype(np.uint8)
    return cv2.resize(cells, (width, height))


def _add_texture(canvas: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the canvas with noise of some of four cell sizes."""
    height, width = canvas.shape[:2]
    texture = np.zeros((height, width), np.int16)
    for cell in (2, 5, 14, 40):
        reach = int(rng.integers(0, 26)) if rng.random() < 0.5 else 0
        if reach:
            cells = (height // cell + 2, width // cell + 2)
            noise = rng.integers(-reach, reach + 1, cells, np.int16)
            texture += np.asarray(cv2.resize(noise, (width, height)), np.int16)
    return _brightened(canvas, texture)


def _brightened(image: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Return uint8 (H, W, 3) with int16 (H, W) added to each channel, saturated."""
    return cv2.add(image, cv2.merge([change] * 3), dtype=cv2.CV_8U)


# The motifs draw into `canvas` at (x, y), about `reach` pixels large.


def _line(canvas: np.ndarray, x: int, y: int, reach: int, rng: np.random.Generator) -> None:
    height, width = canvas.shape[:2]
    end = int(rng.integers(width)), int(rng.integers(height))
    cv2.line(canvas, (x, y), end, random_colour(rng), int(rng.integers(1, 5)), cv2.LINE_AA)


def _blob(canvas: np.ndarray, x: int, y: int, reach: int, rng: np.random.Generator) -> None:
    axes = int(rng.integers(3, reach)), int(rng.integers(3, reach))
    thickness = -1 if rng.random() < 0.6 else 2
    angle = rng.uniform(0, 180)
    cv2.ellipse(canvas, (x, y), axes, angle, 0, 360, random_colour(rng), thickness, cv2.LINE_AA)


def _board(canvas: np.ndarray, x: int, y: int, reach: int, rng: np.random.Generator) -> None:
    corner = x + int(rng.integers(8, 2 * reach)), y + int(rng.integers(8, reach + 1))
    cv2.rectangle(canvas, (x, y), corner, random_colour(rng), -1)
    cv2.rectangle(canvas, (x, y), corner, random_colour(rng), int(rng.integers(1, 3)))


def _checks(canvas: np.ndarray, x: int, y: int, reach: int, rng: np.random.Generator) -> None:
    area = canvas[y : y + reach, x : x + 2 * reach]
    cell = int(rng.integers(3, 10))
    rows, columns = np.ogrid[: area.shape[0], : area.shape[1]]
    area[(rows // cell + columns // cell) % 2 == 0] = random_colour(rng)


def _fence(canvas: np.ndarray, x: int, y: int, reach: int, rng: np.random.Generator) -> None:
    """Draw a row of bars of one height, the nearest thing to a word that is none."""
    step, tall = int(rng.integers(5, 13)), int(rng.integers(6, reach + 1))
    colour, thickness = random_colour(rng), int(rng.integers(1, 4))
    for left in range(x, x + 2 * reach, step):
        foot = left + int(rng.integers(-2, 3)), y + tall
        cv2.line(canvas, (left, y), foot, colour, thickness, cv2.LINE_AA)


_MOTIFS: tuple[Callable[[np.ndarray, int, int, int, np.random.Generator], None], ...] = (
    _line,
    _blob,
    _board,
    _checks,
    _fence,
)
