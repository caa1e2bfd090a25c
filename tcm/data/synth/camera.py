"""What a camera does to a word: light, blur, noise and compression."""

import cv2
import numpy as np

_Rng = np.random.Generator


def photograph(image: np.ndarray, text_height: float, rng: _Rng) -> np.ndarray:
    """Return uint8 (H, W, 3) as a camera would have taken it.

    Args:
        image: uint8 (H, W, 3); left as it is.
        text_height: Of the word in pixels, which blur is relative to.
        rng: The source of all randomness.
    """
    if rng.random() < 0.45:
        image = _lit(image, rng)
    if rng.random() < 0.45:
        sigma = 0.25 + rng.random() ** 2 * 0.05 * text_height
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    elif rng.random() < 0.2:
        image = _moved(image, text_height, rng)
    if text_height > 18 and rng.random() < 0.12:
        image = _coarse(image, rng.uniform(1.3, text_height / 9), rng)
    image = _noisy(image, rng)
    return _compressed(image, int(rng.integers(20, 95))) if rng.random() < 0.5 else image


def _lit(image: np.ndarray, rng: _Rng) -> np.ndarray:
    """Less contrast, another brightness, and now and then a shade over a part."""
    gain, bias = rng.uniform(0.55, 1.15), rng.uniform(-25, 50)
    if rng.random() < 0.5:
        return cv2.addWeighted(image, gain, image, 0, bias)
    height, width = image.shape[:2]
    corners = rng.uniform(0.55, 1.1, (2, 2)).astype(np.float32)
    shade = cv2.resize(corners, (width, height))
    return cv2.multiply(image, cv2.merge([shade] * 3), dtype=cv2.CV_8U)


def _moved(image: np.ndarray, text_height: float, rng: _Rng) -> np.ndarray:
    reach = max(2, round(rng.uniform(0.05, 0.16) * text_height))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    angle = rng.uniform(0, np.pi)
    end = np.array([np.cos(angle), np.sin(angle)]) * reach / 2
    first, last = np.round(reach - end).astype(int), np.round(reach + end).astype(int)
    cv2.line(kernel, tuple(first.tolist()), tuple(last.tolist()), 1.0, 1)
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def _coarse(image: np.ndarray, factor: float, rng: _Rng) -> np.ndarray:
    height, width = image.shape[:2]
    small = (max(2, round(width / factor)), max(2, round(height / factor)))
    way = cv2.INTER_AREA if rng.random() < 0.7 else cv2.INTER_NEAREST
    return cv2.resize(cv2.resize(image, small, interpolation=way), (width, height))


def _noisy(image: np.ndarray, rng: _Rng) -> np.ndarray:
    std = rng.uniform(0, 7) if rng.random() < 0.88 else rng.uniform(7, 20)
    noise = rng.standard_normal(image.shape[:2], np.float32) * np.float32(std)
    return cv2.add(image, cv2.merge([noise] * 3), dtype=cv2.CV_8U)


def _compressed(image: np.ndarray, quality: int) -> np.ndarray:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
