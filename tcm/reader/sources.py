"""The pictures of what a user names: files, folders, patterns, PDF pages, video frames, arrays."""

import glob
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tcm import inputs
from tcm.data.storage.exif import Exif
from tcm.errors import DataError, TCMError, shown
from tcm.inference.reading.chain import Failure, Picture
from tcm.inputs import MOST_PIXELS
from tcm.reader.pictures import as_rgb, read_picture

IMAGES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".jp2", ".ppm"}
)
PDFS = frozenset({".pdf"})
VIDEOS = frozenset({".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v"})

_DPI = 200  # that PDF pages are drawn with
_POINTS = 72  # of PDF, an inch
_WILD = frozenset("*?[")


def files_of(places: Iterable[str | Path]) -> list[str]:
    """Return the files of files, folders and patterns, those of each in the order of their names.

    A folder stands for the images, PDFs and videos in it, sub-folders not included; a pattern such
    as ``scans/**/*.png`` for the files that it matches.

    Raises:
        DataError: A place does not exist, or holds nothing that can be read.
    """
    found: list[str] = []
    for place in places:
        if inputs.is_dir(place):
            known = IMAGES | PDFS | VIDEOS
            inside = [str(p) for p in inputs.listed(Path(place)) if p.suffix.lower() in known]
            if not inside:
                raise DataError(f"{inputs.shown_path(place)}: no images in this folder")
            found += sorted(inside)
        elif not inputs.exists(place) and _WILD & set(str(place)):
            paths = glob.glob(str(place), recursive=True)  # noqa: PTH207  # absolute ones too
            matched = sorted(filter(inputs.is_file, paths))
            if not matched:
                raise DataError(f"{inputs.shown_path(place)}: no file matches this pattern")
            found += matched
        else:
            found.append(str(place))  # one that is missing is told when its turn comes
    return list(dict.fromkeys(found))


def pictures_of(
    sources: Iterable[Any],
    exif: Exif = "apply",
    every: int = 30,
    done: Callable[[str], bool] | None = None,
    max_pixels: int = MOST_PIXELS,
) -> Iterator[Picture | Failure]:
    """Yield the pictures of sources one after the other, and what cannot be read as failures.

    Args:
        sources: Paths, arrays or images of Pillow's, see `as_rgb`; all but paths are numbered.
        exif: As of `read_picture`.
        every: Of a video the first of so many frames is read.
        done: Tells of a name whether it is left out; nothing of it is loaded then.
        max_pixels: As of `read_picture`.
    """
    for number, source in enumerate(sources):
        name = name_of(source, number)
        try:
            yield from _named(source, name, exif, every, done or (lambda _: False), max_pixels)
        except TCMError as error:
            yield Failure(name, error)


def _named(
    source: Any,
    name: str,
    exif: Exif,
    every: int,
    done: Callable[[str], bool],
    max_pixels: int,
) -> Iterator[Picture | Failure]:
    if not isinstance(source, str | Path):
        image = as_rgb(source, name)
        yield Picture(name, image, lambda: image)
        return
    suffix = Path(name).suffix.lower()
    if suffix in PDFS:
        yield from _pages(name, done)
    elif suffix in VIDEOS:
        yield from _frames(name, every, done)
    elif not done(name):
        again = partial(read_picture, name, exif, max_pixels)
        yield Picture(name, again(), again)


def _pages(path: str, done: Callable[[str], bool]) -> Iterator[Picture | Failure]:
    """Yield the pages of a PDF, and those that cannot be drawn as failures."""
    _require_file(path)
    try:
        import pypdfium2
    except ModuleNotFoundError as error:
        raise DataError(f'{path}: PDFs need pypdfium2: pip install "tcm[pdf]"') from error
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        raise DataError(f"{inputs.shown_path(path)}: no PDF that can be read ({error})") from error
    with document:
        for number in range(len(document)):
            name = f"{path}#page={number + 1}"
            if done(name):
                continue
            try:
                image = _drawn(document[number], name)
            except (DataError, pypdfium2.PdfiumError) as error:
                reason = error if isinstance(error, DataError) else f"{name}: {error}"
                yield Failure(name, DataError(str(reason)))
            else:
                yield Picture(name, image, lambda image=image: image)  # type: ignore[misc]


def _drawn(page: Any, name: str) -> np.ndarray:
    """Return a page of a PDF drawn with 200 dots an inch, fewer if it were too large then."""
    width, height = page.get_size()
    scale = min(_DPI / _POINTS, (MOST_PIXELS / 2 / max(width * height, 1)) ** 0.5)
    if min(width, height) * scale < 1:
        raise DataError(f"{name}: a page of {width:g}x{height:g} points")
    bitmap = page.render(scale=scale, rev_byteorder=True)
    return as_rgb(np.array(bitmap.to_numpy()), name)


def _frames(path: str, every: int, done: Callable[[str], bool]) -> Iterator[Picture]:
    """Yield the first of each so many frames of a video."""
    _require_file(path)
    video = cv2.VideoCapture(path)
    try:
        number = 0
        while video.grab():
            name = f"{path}#frame={number}"
            if number % every == 0 and not done(name):
                whole, frame = video.retrieve()
                if not whole:
                    raise DataError(f"{name}: cannot be decoded")
                image = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
                yield Picture(name, image, lambda image=image: image)  # type: ignore[misc]
            number += 1
        if number == 0:
            raise DataError(f"{inputs.shown_path(path)}: no video that can be read")
    finally:
        video.release()


def _require_file(path: str) -> None:
    why = inputs.why_no_file(Path(path))
    if why:
        raise DataError(f"{inputs.shown_path(path)} {why}")


def name_of(source: Any, number: int) -> str:
    """Return the name of a source that holds one picture, the `number`-th, from 0."""
    return str(source) if isinstance(source, str | Path) else f"image {number}"


def is_single(source: Any) -> bool:
    """Tell whether a reader's argument is one source, rather than several."""
    return isinstance(source, str | Path | np.ndarray) or hasattr(source, "getexif")


def require_sources(source: Any) -> None:
    """Refuse what is neither a source nor an iterable of them.

    Raises:
        DataError: It is neither.
    """
    if isinstance(source, dict | bytes) or not hasattr(source, "__iter__"):
        raise DataError(
            f"a path, an array, an image or a list of them is wanted, got {shown(source)}"
        )
