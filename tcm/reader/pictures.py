"""From whatever shows a picture to RGB pixels, upright.

Pillow is not imported here: who gives one of its images has it.
"""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from tcm.data.storage.images import Exif, decode_image, is_turned, read_bytes
from tcm.errors import DataError, shown
from tcm.inputs import MOST_PIXELS

if TYPE_CHECKING:
    from PIL import Image

_MARKS = (b"\x89PNG", b"II*\0", b"MM\0*", b"GIF8", b"RIFF")  # of formats that may have an alpha
_PNG = b"\x89PNG\r\n\x1a\n"
_OPAQUE = (0, 2)  # PNG's types of colour: grey and RGB
_WHITE = np.uint16(255)
_ROWS = 256  # that are computed at once
_ORIENTATION = 0x0112  # EXIF's tag
_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(np.transpose(stored), 2),
    8: np.rot90,
}


def read_picture(
    path: str | Path, exif: Exif = "apply", max_pixels: int = MOST_PIXELS
) -> np.ndarray:
    """Return the (H, W, 3) uint8 RGB pixels of an image file.

    What is transparent is seen on white.

    Args:
        path: The file.
        exif: As of `read_image`.
        max_pixels: As of `read_image`.

    Raises:
        DataError: The file is missing, no regular file, empty, truncated, no image or too large.
    """
    return picture_of(read_bytes(path, max_pixels), str(path), exif, max_pixels)


def picture_of(
    data: np.ndarray, place: str, exif: Exif = "apply", max_pixels: int = MOST_PIXELS
) -> np.ndarray:
    """Return the (H, W, 3) uint8 RGB pixels of an image file's bytes, as of `read_picture`.

    Args:
        data: (N,) uint8, the content of a file.
        place: Where it comes from, for errors.
        exif: As of `read_image`.
        max_pixels: As of `read_image`.

    Raises:
        DataError: The bytes are truncated, no image or one that is too large.
    """
    image = decode_image(data, place, exif, max_pixels)
    if not data[:4].tobytes().startswith(_MARKS) or _is_opaque_png(data):
        return image
    stored = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if stored is None or stored.ndim != 3 or stored.shape[2] != 4:
        return image
    alpha = _eight_bits(np.ascontiguousarray(stored[..., 3]), place)
    del stored
    return image if alpha.min() == _WHITE else _on_white(image, _upright(alpha, data, exif))


def as_rgb(picture: Any, name: str) -> np.ndarray:
    """Return the (H, W, 3) uint8 RGB pixels of an array or of one of Pillow's images.

    Args:
        picture: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4): grey, RGB, or RGB and alpha, which is
            seen on white; uint8, uint16, bool, or floats in [0, 1]. An image of Pillow's is turned
            upright as its EXIF orientation says.
        name: For the error.

    Raises:
        DataError: It is nothing of that.
    """
    array = picture if isinstance(picture, np.ndarray) else _of_pillow(picture, name)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or not array.size:
        raise DataError(
            f"{name}: an array of shape (H, W), (H, W, 3) or (H, W, 4) is wanted, got "
            f"{array.shape}; several images are given as a list"
        )
    array = _eight_bits(array, name)
    if array.shape[2] == 4:
        return _on_white(array[..., :3], array[..., 3])
    return np.ascontiguousarray(np.broadcast_to(array, (*array.shape[:2], 3)))


def _of_pillow(picture: "Image.Image", name: str) -> np.ndarray:
    if not hasattr(picture, "getexif"):
        raise DataError(f"{name}: a path, an array or an image is wanted, got {shown(picture)}")
    from PIL import ImageOps

    try:
        upright = ImageOps.exif_transpose(picture)  # its file is read now
    except (OSError, SyntaxError) as error:
        raise DataError(f"{name}: not a whole image ({error})") from error
    if upright.mode.startswith("I;16") or upright.mode in ("L", "RGB", "RGBA", "1"):
        return np.asarray(upright)
    if upright.mode == "I":  # 16 bits in 32
        return np.clip(np.asarray(upright), 0, 2**16 - 1).astype(np.uint16)
    alpha = upright.mode in ("LA", "PA", "La", "RGBa") or "transparency" in upright.info
    return np.asarray(upright.convert("RGBA" if alpha else "RGB"))


def _eight_bits(array: np.ndarray, name: str) -> np.ndarray:
    """Return an array as uint8: of 16 bits the upper half, of floats in [0, 1] 255 steps."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.uint16:
        return (array >> 8).astype(np.uint8)
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype.kind == "f" and np.nanmin(array) >= 0 and np.nanmax(array) <= 1:
        return np.rint(np.nan_to_num(array) * 255).astype(np.uint8)
    raise DataError(f"{name}: uint8, uint16, bool or floats in [0, 1] are wanted: {array.dtype}")


def _is_opaque_png(data: np.ndarray) -> bool:
    """Tell whether the bytes are those of a PNG without alpha, which need not be decoded again."""
    if data[:8].tobytes() != _PNG or int(data[25]) not in _OPAQUE:
        return False
    at = len(_PNG)
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4].tobytes()), data[at + 4 : at + 8].tobytes()
        if kind in (b"tRNS", b"IDAT"):
            return kind == b"IDAT"  # a colour that is transparent is told before the pixels
        at += 12 + length
    return False


def _upright(alpha: np.ndarray, data: np.ndarray, exif: Exif) -> np.ndarray:
    """Return an alpha channel turned as OpenCV turns the image: it leaves alpha as it is stored."""
    if exif == "ignore" or not is_turned(data):
        return alpha
    from PIL import Image

    with Image.open(BytesIO(data.tobytes())) as file:
        orientation = file.getexif().get(_ORIENTATION, 1)
    return _TURNS.get(orientation, lambda stored: stored)(alpha)


def _on_white(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    seen = np.empty_like(image)
    for top in range(0, len(image), _ROWS):
        rows = slice(top, top + _ROWS)
        share = alpha[rows, :, None].astype(np.uint16)
        seen[rows] = (image[rows] * share + _WHITE * (_WHITE - share) + _WHITE // 2) // _WHITE
    return seen
