"""Whether an image is turned upright as its EXIF orientation says."""

from typing import Literal

Exif = Literal["apply", "ignore"]
