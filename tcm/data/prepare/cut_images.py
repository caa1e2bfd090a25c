"""Cutting large images into patches, with their labels, an image at a time in each process."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import cv2
import numpy as np

from tcm.annotations.dota import DotaObject, object_line, read_objects
from tcm.annotations.files import read_text
from tcm.data.prepare.devkit_patches import devkit_objects, devkit_windows
from tcm.data.prepare.patches import CUT, objects_in
from tcm.data.storage.images import Exif, read_image
from tcm.errors import DataError, TCMError
from tcm.files import write_bytes, write_text
from tcm.geometry.windows import PADDING, Cutting, Window, windows

CutRule = Literal["mmrotate", "devkit"]
LABELS: dict[str, str] = {"mmrotate": "annfiles", "devkit": "labelTxt"}  # folder beside `images`


@dataclass(frozen=True)
class Job:
    """An image to cut.

    Attributes:
        image: Its file.
        labels: Its labels; None for an image without.
        out: Folder in which `images` and those of the labels lie.
        cutting: How it is cut.
        rule: By whose splitter; see `patches` and `devkit_patches`.
        exif: As of `read_image`.
    """

    image: Path
    labels: Path | None
    out: Path
    cutting: Cutting
    rule: CutRule = "mmrotate"
    exif: Exif = "apply"


class Counts(NamedTuple):
    """What came out.

    Attributes:
        patches: All of them.
        filled: Patches with an object.
        objects: In all patches, an object in several of them several times.
        cut: Objects that a border cuts, or of which the devkit's rule leaves too little.
    """

    patches: int = 0
    filled: int = 0
    objects: int = 0
    cut: int = 0


class _Patch(NamedTuple):
    name: str
    pixels: np.ndarray
    objects: list[DotaObject]


def cut_images(
    jobs: Sequence[Job],
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Counts:
    """Cut images; each process holds one of them.

    Args:
        jobs: The images.
        workers: Processes; 1 is this one.
        progress: Called with the number of images done, and with their total.

    Raises:
        DataError: An image or a line of its labels cannot be read.
        OutputError: A patch cannot be written.
        TCMError: A process was killed.
    """
    total = Counts()
    with _results(jobs, workers) as results:
        for done, counts in enumerate(results, 1):
            total = Counts(*(a + b for a, b in zip(total, counts, strict=True)))
            progress(done, len(jobs))
    return total


def cut_image(job: Job) -> Counts:
    """Cut an image and write its patches; arguments and errors as of `cut_images`."""
    image = read_image(job.image, job.exif)
    objects = [] if job.labels is None else read_objects(read_text(job.labels))
    total = Counts()
    for patch in (_patches if job.rule == "mmrotate" else _devkit_patches)(job, image, objects):
        pixels = cv2.imencode(".png", cv2.cvtColor(patch.pixels, cv2.COLOR_RGB2BGR))[1]
        write_bytes(job.out / "images" / f"{patch.name}.png", pixels.data, sync=False)
        if job.labels is not None:
            lines = "".join(map(object_line, patch.objects))
            write_text(job.out / LABELS[job.rule] / f"{patch.name}.txt", lines)
        cut = sum(one.difficulty == CUT for one in patch.objects)
        found = (1, int(bool(patch.objects)), len(patch.objects), cut)
        total = Counts(*(a + b for a, b in zip(total, found, strict=True)))
    return total


def _patches(job: Job, image: np.ndarray, objects: Sequence[DotaObject]) -> Iterator[_Patch]:
    """Yield the patches of an image by mmrotate's rule."""
    for window in windows(image.shape[1], image.shape[0], job.cutting):
        x, y, size = window
        part = image[y : y + size, x : x + size]
        pixels = np.full((size, size, 3), PADDING, np.uint8)
        pixels[: part.shape[0], : part.shape[1]] = part
        name = f"{job.image.stem}__{size}__{x}___{y}"
        yield _Patch(name, pixels, objects_in(window, objects, job.cutting.least_object))


def _devkit_patches(job: Job, image: np.ndarray, objects: Sequence[DotaObject]) -> Iterator[_Patch]:
    """Yield the patches of an image, resized by each rate, by the devkit's rule."""
    size, gap, least = job.cutting.size, job.cutting.gap, job.cutting.least_object
    for rate in job.cutting.rates:
        scaled = image
        if rate != 1:
            scaled = cv2.resize(image, None, fx=rate, fy=rate, interpolation=cv2.INTER_CUBIC)
        height, width = scaled.shape[:2]
        moved = [one._replace(polygon=one.polygon * rate) for one in objects]
        for window in devkit_windows(width, height, size, gap):
            x, y = window.x, window.y
            name = f"{job.image.stem}__{rate:g}__{x}___{y}"
            found = devkit_objects(Window(x, y, size), moved, width, height, least)
            yield _Patch(name, scaled[y : y + size, x : x + size], found)


@contextmanager
def _results(jobs: Sequence[Job], workers: int) -> Iterator[Iterator[Counts]]:
    """Yield the counts of the images in their order."""
    if workers == 1 or len(jobs) == 1:
        yield map(cut_image, jobs)
        return
    context = multiprocessing.get_context("spawn")  # OpenCV's threads survive no fork
    with ProcessPoolExecutor(min(workers, len(jobs)), context, cv2.setNumThreads, (1,)) as pool:
        try:
            yield pool.map(cut_image, jobs)
        except BrokenProcessPool as error:
            raise TCMError("a process was killed, perhaps for memory; try --workers 1") from error
        except (DataError, TCMError, KeyboardInterrupt):
            pool.shutdown(cancel_futures=True)
            raise
