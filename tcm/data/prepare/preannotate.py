"""Predictions of a model for people to correct in a labelling tool, the least certain first."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from tcm.annotations import labelme, labelstudio, ppocrlabel, unified
from tcm.annotations.instance import Instance
from tcm.annotations.unified import ImageEntry
from tcm.data.formats.raw import Progress, silent
from tcm.data.formats.unified import image_in
from tcm.data.storage.images import Exif, read_image
from tcm.errors import ConfigError, DataError, nearest

Certainty = Literal["least", "mean"]


class Predicted(NamedTuple):
    """An image with what a model has found.

    Attributes:
        path: The image.
        height: In pixels.
        width: Likewise.
        instances: Its texts.
        certainty: Of the image, None if it has no word or the file no scores.
    """

    path: Path
    height: int
    width: int
    instances: Sequence[Instance]
    certainty: float | None


def predictions(
    file: Path,
    order: Certainty = "least",
    img_root: Path | None = None,
    exif: Exif = "apply",
    progress: Progress = silent,
) -> list[Predicted]:
    """Return the images of a file of predictions, the least certain first.

    An image is as certain as its least certain word, or as its words in the mean; images without
    a word come last, for nothing is there to correct. Equal ones keep the order of the file.

    Args:
        file: MMOCR's unified JSON with scores, such as ``predictions.json``.
        order: What an image's certainty is.
        img_root: The folder that the images' paths start from; None for that of the file or that
            where the program runs, whichever has the image.
        exif: As of `read_image`.
        progress: Called after each image.

    Raises:
        ConfigError: An unknown order.
        DataError: The file is malformed, or an image is missing or not whole.
    """
    if order not in get_args(Certainty):
        raise ConfigError(f"order: unknown '{order}'{nearest(str(order), get_args(Certainty))}")
    roots = [file.parent, Path()] if img_root is None else [img_root]
    entries = list(unified.read_entries(file))
    found = []
    for i, item in enumerate(entries):
        place = f"{file}: data_list[{i}]"
        entry = unified.parse_entry(item, place)
        path = image_in(roots, entry.name, place)
        height, width = read_image(path, exif).shape[:2]
        certainty = _certainty(entry.instances, order)
        found.append(Predicted(path, height, width, entry.instances, certainty))
        progress("images", i + 1, len(entries))
    return sorted(found, key=lambda one: (one.certainty is None, one.certainty or 0.0))


def to_ppocrlabel(found: Sequence[Predicted], out: Path) -> None:
    """Write a label file, to be put into the folder of the images before PPOCRLabel opens it.

    Raises:
        DataError: Two images of one name lie in folders of one name, which it cannot tell apart.
    """
    names = [f"{one.path.resolve().parent.name}/{one.path.name}" for one in found]
    _check_distinct(names, found)
    entries = [
        ImageEntry(name, one.height, one.width, one.instances)
        for name, one in zip(names, found, strict=True)
    ]
    ppocrlabel.write(out, entries)


def to_labelstudio(found: Sequence[Predicted], out: Path, served: Path) -> None:
    """Write tasks with predictions, whose score is the image's certainty.

    Args:
        found: The images.
        out: The JSON file.
        served: The folder that Label Studio serves files from.

    Raises:
        DataError: An image is not in that folder.
    """
    base, tasks = served.resolve(), []
    for one in found:
        path = one.path.resolve()
        if not path.is_relative_to(base):
            raise DataError(f"{one.path}: is not in {served}, from where images are to be served")
        url = labelstudio.local_url(path.relative_to(base).as_posix())
        tasks.append(
            labelstudio.Prediction(url, one.height, one.width, one.instances, one.certainty)
        )
    labelstudio.write(out, tasks)


def labelme_names(found: Sequence[Predicted]) -> list[Path]:
    """Return the name of each image's file.

    Raises:
        DataError: Two images would have the same, by which labelme finds it.
    """
    names = [f"{one.path.stem}.json" for one in found]
    _check_distinct(names, found)
    return [Path(name) for name in names]


def to_labelme(one: Predicted, out: Path) -> None:
    """Write the file of an image."""
    labelme.write(out, one.path, one.height, one.width, one.instances)


def _certainty(found: Sequence[Instance], order: Certainty) -> float | None:
    scores = [one.confidence for one in found if one.confidence is not None]
    if not scores:
        return None
    return min(scores) if order == "least" else sum(scores) / len(scores)


def _check_distinct(names: Sequence[str], found: Sequence[Predicted]) -> None:
    owners: dict[str, Path] = {}
    for name, one in zip(names, found, strict=True):
        if name in owners:
            raise DataError(f"{one.path}: {owners[name]} would have the same name, '{name}'")
        owners[name] = one.path
