"""The dataset of a folder of images with captions."""

from collections.abc import Sequence
from pathlib import Path

from tcm import inputs
from tcm.data.datasets.captioned import (
    IMAGES,
    LONGEST,
    SUFFIX,
    caption_of,
    captioned,
    require_some,
)
from tcm.data.storage.images import Exif, read_image
from tcm.data.storage.sequences import Lazy
from tcm.errors import DataError
from tcm.registry import DATASETS
from tcm.structures import Sample


@DATASETS.register()
class CaptionFolder:
    """The images of a folder that have a caption beside them: ``NAME.jpg`` with ``NAME.txt``.

    A caption is a text in UTF-8 of any number of lines; an empty one says that there is no text.
    """

    def __init__(self, folder: str, exif: Exif = "apply") -> None:
        """List the pairs.

        Args:
            folder: What lies in it is taken, not what lies in folders in it.
            exif: As of `read_image`.

        Raises:
            DataError: The folder is missing or has no such pair, or two images have one caption.
        """
        names = sorted(path.name for path in inputs.listed(Path(folder)))
        captions = {Path(name).stem for name in names if name.endswith(SUFFIX)}
        images = [name for name in names if Path(name).suffix.lower() in IMAGES]
        self.folder, self.exif = Path(folder), exif
        self.names = [name for name in images if Path(name).stem in captions]
        require_some(len(self.names), folder)
        seen: dict[str, str] = {}
        for name in self.names:
            if (other := seen.setdefault(Path(name).stem, name)) != name:
                raise DataError(f"{self.folder / name}: has its caption with {other}")

    @property
    def ids(self) -> Sequence[str]:
        """The names of the images."""
        return self.names

    @property
    def paths(self) -> Sequence[str]:
        """The image files."""
        return Lazy(len(self), lambda index: str(self.folder / self.names[index]))

    def __len__(self) -> int:
        return len(self.names)

    def load(self, index: int) -> Sample:
        """Return an image with its caption.

        Raises:
            DataError: One of the two is missing or damaged.
        """
        path = self.folder / self.names[index]
        file = path.with_suffix(SUFFIX)
        caption = caption_of(inputs.read_bytes(file, LONGEST), str(file))
        return captioned(read_image(path, self.exif), str(path), caption, index)
