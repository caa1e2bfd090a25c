"""From an image file's bytes to what the page shows: words, the image as it was read, maps."""

import base64
import time
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from tcm.inference.reading.results import ReadResult
from tcm.reader.pictures import picture_of
from tcm.reader.text_reader import ImageReader

_SIDE = 2000  # pixels of the image in the page, at most
_MAP_SIDE = 640  # of a map
_QUALITY = 88


def answer(data: bytes, reader: ImageReader) -> dict[str, Any]:
    """Return what was read in an image, in types of JSON.

    It is that of `ReadResult.to_dict` without a name, with ``seconds``, the image as it was read
    as ``preview`` and ``maps``: by name, a picture of the map with its ``low`` and ``high``.

    Args:
        data: The image file.
        reader: What reads it.

    Raises:
        DataError: It is no whole image, or one that is too large.
    """
    image = picture_of(np.frombuffer(data, np.uint8), "the file")
    start = time.perf_counter()
    result: ReadResult = reader(image)
    seconds = time.perf_counter() - start
    found = {key: value for key, value in result.to_dict().items() if key != "image"}
    preview = _url(_smaller(image, _SIDE), ".jpg", [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return {
        **found,
        "seconds": round(seconds, 3),
        "preview": preview,
        "maps": _pictures(reader.maps(image)),
    }


def _pictures(maps: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """Return maps in colours, yellow where one is greatest."""
    pictures = {}
    for name, values in maps.items():
        low, high = float(values.min()), float(values.max())
        share = (_smaller(values, _MAP_SIDE) - low) / max(high - low, 1e-12)
        grey = np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
        colours = cv2.cvtColor(cv2.applyColorMap(grey, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)
        pictures[name] = {"image": _url(colours, ".png"), "low": low, "high": high}
    return pictures


def _smaller(image: np.ndarray, side: int) -> np.ndarray:
    factor = side / max(image.shape[:2])
    if factor >= 1:
        return image
    size = [max(round(length * factor), 1) for length in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _url(image: np.ndarray, suffix: str, options: list[int] | None = None) -> str:
    data = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options or [])[1]
    kind = "jpeg" if suffix == ".jpg" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(data.tobytes()).decode()}"
