"""Image files without annotations, for prediction."""

from collections.abc import Sequence

from tcm.data.storage.images import Exif, read_image
from tcm.inputs import MOST_PIXELS
from tcm.structures import Sample, TextInstances


class ImageFiles:
    """A dataset of image files; there are no texts.

    Args:
        paths: The files, in the order of the dataset.
        exif: As of `read_image`.
        max_pixels: As of `read_image`.

    Attributes:
        ids: The paths.
    """

    def __init__(
        self, paths: Sequence[str], exif: Exif = "apply", max_pixels: int = MOST_PIXELS
    ) -> None:
        self.max_pixels = max_pixels
        self.ids = list(paths)
        self.exif: Exif = exif

    def __len__(self) -> int:
        return len(self.ids)

    def load(self, index: int) -> Sample:
        """Return an image.

        Raises:
            DataError: It is missing, truncated or no image.
        """
        path = self.ids[index]
        return Sample(
            read_image(path, self.exif, self.max_pixels), path, TextInstances(), index=index
        )
