"""The images that scores are about, looked for by the names that results give them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tcm import inputs
from tcm.data.formats.raw import IMAGE_SUFFIXES
from tcm.data.storage.images import read_image
from tcm.errors import DataError, nearest
from tcm.evaluation.foreign.output import find_name, stem_of


class ImageFolder:
    """A folder of images.

    Args:
        folder: The folder.
        image_id: Makes the id that a protocol knows an image by of its name without suffix.

    Raises:
        DataError: There is no such folder, or it has no image.
    """

    def __init__(self, folder: Path, image_id: Callable[[str], str]) -> None:
        self.folder = folder
        self._image_id = image_id
        self._paths: dict[str, Path] = {}
        for path in sorted(inputs.listed(folder)):
            if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith("."):
                self._paths.setdefault(image_id(path.stem), path)
        if not self._paths:
            raise DataError(f"{folder}: no image in this folder")

    def read(self, name: str) -> np.ndarray:
        """Return the (H, W, 3) uint8 RGB pixels of an image, by its name or id.

        Raises:
            DataError: It is not there, or not whole.
        """
        stem = stem_of(name)
        found = find_name(stem, self._paths, self._image_id)
        if found is None:
            hint = nearest(self._image_id(stem), self._paths)
            raise DataError(f"{self.folder}: no image is called '{inputs.shown_path(stem)}'{hint}")
        return read_image(self._paths[found])

    def size(self, name: str) -> tuple[int, int]:
        """Return the (height, width) in pixels of an image, by its name or id.

        Raises:
            DataError: It is not there, or not whole.
        """
        height, width = self.read(name).shape[:2]
        return height, width
