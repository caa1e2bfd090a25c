"""From an image file's bytes to what the page shows: words, the image as it was read, maps."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from tcm.inference.reading.results import ReadResult
from tcm.inference.small_pictures import coloured, data_url, smaller
from tcm.reader.pictures import picture_of
from tcm.reader.text_reader import ImageReader

_SIDE = 2000  # pixels of the image in the page, at most
_MAP_SIDE = 640  # of a map


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
    preview = data_url(smaller(image, _SIDE))
    return {
        **found,
        "seconds": round(seconds, 3),
        "preview": preview,
        "maps": _pictures(reader.maps(image)),
    }


def _pictures(maps: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """Return maps in colours, each with its range."""
    return {
        name: {
            "image": data_url(coloured(smaller(values, _MAP_SIDE)), ".png"),
            "low": float(values.min()),
            "high": float(values.max()),
        }
        for name, values in maps.items()
    }
