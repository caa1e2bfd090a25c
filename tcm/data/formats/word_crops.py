"""What the raw readers of word crops share: splits of images with a text each, all decoded."""

from collections.abc import Iterable
from pathlib import Path

from tcm import inputs
from tcm.data.formats.raw import Progress, parallel
from tcm.data.storage.images import read_image
from tcm.data.storage.label_files import LabelLine
from tcm.errors import DataError

WordSplits = dict[str, list[LabelLine]]


def proved(
    split: str, folder: Path, lines: Iterable[LabelLine], progress: Progress
) -> list[LabelLine]:
    """Return the words of a split with their images' paths below `folder`, each image decoded.

    Args:
        split: Its name, for `progress`.
        folder: What the lines' paths are relative to.
        lines: The words in the order of the result.
        progress: Called after each image.

    Raises:
        DataError: An image is missing or not whole.
    """
    words = [LabelLine(str(folder / line.path), line.text) for line in lines]
    for done, _ in enumerate(parallel(_decode, [word.path for word in words]), 1):
        progress(split, done, len(words))
    return words


def first_file(raw: Path, *names: str) -> Path:
    """Return the first file in `raw` of these names.

    Raises:
        DataError: The folder or all of the files are missing.
    """
    if not inputs.is_dir(raw):
        raise DataError(f"{inputs.shown_path(raw)}: no such folder")
    found = next((raw / name for name in names if inputs.is_file(raw / name)), None)
    if found is None:
        raise DataError(f"{raw}: {' or '.join(names)} is missing")
    return found


def _decode(path: str) -> None:
    read_image(path)
