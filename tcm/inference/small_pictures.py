"""Pictures as pages show them: smaller, in the colours of a map, inside of an address."""

import base64

import cv2
import numpy as np

_QUALITY = 85  # of a JPEG


def smaller(image: np.ndarray, side: int) -> np.ndarray:
    """Return an image (H, W, ...) whose long side has at most `side` pixels, of its own type."""
    factor = side / max(image.shape[:2])
    if factor >= 1:
        return image
    size = [max(round(length * factor), 1) for length in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def coloured(values: np.ndarray) -> np.ndarray:
    """Return a map of any finite numbers (h, w) as uint8 RGB (h, w, 3), yellow where greatest."""
    low, high = float(values.min()), float(values.max())
    share = (values.astype(np.float32) - low) / max(high - low, 1e-12)
    colours = cv2.applyColorMap(np.rint(share * 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    return cv2.cvtColor(colours, cv2.COLOR_BGR2RGB)


def data_url(image: np.ndarray, suffix: str = ".jpg") -> str:
    """Return the address that holds an RGB image (H, W, 3) uint8 itself, as JPEG or PNG."""
    options = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY] if suffix == ".jpg" else []
    data = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)[1]
    kind = "jpeg" if suffix == ".jpg" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(data.tobytes()).decode()}"
