"""One's own images, labelled with one of the field's tools.

RAW is the folder with the tool's labels, or their file. An image is looked for under the path that
the labels give it, from the folder of the images (that of the labels, if none is named), from the
folder above, from a sub-folder ``images``; then by its name alone in these. Every image is decoded,
to prove it whole and of the size that the labels state.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tcm import inputs
from tcm.annotations import coco, cvat, labelme, labelstudio, ppocrlabel, via
from tcm.annotations.instance import Instance
from tcm.annotations.regions import Fields, LabelledImage, Region, check_fields
from tcm.data.formats import rrc_txt
from tcm.data.formats.raw import (
    IMAGE_SUFFIXES,
    Progress,
    Source,
    natural_key,
    read_sources,
    silent,
)
from tcm.data.formats.unified import ImageRecord
from tcm.data.storage.images import Exif
from tcm.errors import ConfigError, DataError, nearest


class _Tool(NamedTuple):
    read: Callable[[Path], Iterable[LabelledImage]]
    files: tuple[str, ...]  # patterns of the files in a folder
    fields: Fields
    each: bool = False  # whether each image has a file, in sub-folders too


TOOLS = {
    "labelme": _Tool(lambda path: [labelme.read(path)], ("*.json",), labelme.FIELDS, each=True),
    "coco": _Tool(coco.read, ("*.json",), coco.FIELDS),
    "ppocrlabel": _Tool(ppocrlabel.read, (ppocrlabel.NAME,), ppocrlabel.FIELDS),
    "labelstudio": _Tool(labelstudio.read, ("*.json",), labelstudio.FIELDS),
    "cvat": _Tool(cvat.read, (cvat.NAME, "*.xml"), cvat.FIELDS),
    "via": _Tool(via.read, ("*.json", "*.csv"), via.FIELDS),
}


@dataclass
class Labelled:
    """What was read.

    Attributes:
        records: The images with their texts; `img_path` is the image's path.
        left_out: Number of what was left out, by what it is.
    """

    records: list[ImageRecord]
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Options:
    """How labels are read.

    Attributes:
        text: Keys of the text in place of the tool's own, see `Fields`.
        ignore: What marks a region as don't-care, likewise.
        images: The folder of the images; None for that of the labels.
        predictions: As of `labelstudio.read`.
        exif: As of `read_sources`.
        passed_over: Files that are no labels, such as those that a command is to write.
    """

    text: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    images: Path | None = None
    predictions: bool = False
    exif: Exif = "apply"
    passed_over: Collection[Path] = ()


def read(
    raw: Path, tool: str, options: Options | None = None, progress: Progress = silent
) -> Labelled:
    """Read the labels and decode the images.

    Args:
        raw: The folder of the labels, or their file.
        tool: ``rrc`` for text files, see `rrc_txt`, or one of the tools.
        options: How to read them.
        progress: Called after each image with "images", the images done and their total.

    Raises:
        ConfigError: An option that the tool does not have.
        DataError: There are no labels, or they are malformed; an image is missing, not whole or of
            another size; two labels are of one image.
    """
    options = options or Options()
    raw = Path(raw)
    _check_options(tool, options)
    if tool == "rrc":
        return _read_rrc(raw, options, progress)
    files = _label_files(raw, tool, options.passed_over)
    images = [(image, file) for file in files for image in _parsed(tool, file, options)]
    fields = _fields(tool, options, images)
    left_out: Counter[str] = Counter()
    sources: list[Source] = []
    used: dict[Path, str] = {}  # where the labels of an image stand
    for image, file in images:
        left_out += image.left_out
        if image.regions is None:
            left_out["tasks without labels"] += 1
            continue
        path = _find(image, options.images or file.parent)
        if used.setdefault(path.resolve(), image.place) != image.place:
            raise DataError(f"{image.place}: {used[path.resolve()]} has the same image, {path}")
        sources.append(Source(path, partial(_instances, image.regions, fields), image.size))
    if not sources:
        raise DataError(f"{inputs.shown_path(raw)}: there is no image with labels")
    if beside := _beside(used):
        left_out["images of the folder without labels"] = beside
    return Labelled(read_sources("images", sources, progress, options.exif), left_out)


def _check_options(tool: str, options: Options) -> None:
    known = (*TOOLS, "rrc")
    if tool not in known:
        raise ConfigError(f"unknown tool '{tool}'{nearest(tool, known)}")
    given = {"--text": options.text, "--ignore": options.ignore, "--images": options.images}
    for option, value in given.items():
        if tool == "rrc" and value:
            raise ConfigError(f"rrc has no option {option}")
    if options.predictions and tool != "labelstudio":
        raise ConfigError(f"{tool} has no option --predictions")


def _read_rrc(raw: Path, options: Options, progress: Progress) -> Labelled:
    splits = rrc_txt.read(raw, progress, exif=options.exif)
    if len(splits) > 1:
        raise DataError(f"{raw}: has folders for {', '.join(splits)}; name one of them")
    (records,) = splits.values()
    return Labelled(records)


def _label_files(raw: Path, tool: str, passed_over: Collection[Path]) -> list[Path]:
    """Return the label files of a folder, which may be a file itself."""
    if inputs.is_file(raw):
        return [raw]
    chosen = TOOLS[tool]
    inputs.listed(raw)  # says what is wrong with it
    others = {path.resolve() for path in passed_over}
    for pattern in chosen.files:
        found = [
            path
            for path in (raw.rglob(pattern) if chosen.each else raw.glob(pattern))
            if not path.name.startswith(".") and path.resolve() not in others
        ]
        if len(found) > 1 and not chosen.each:
            names = ", ".join(sorted(path.name for path in found)[:5])
            raise DataError(f"{raw}: there are several files of labels, name one: {names}")
        if found:
            return sorted(found, key=lambda path: (path.parent, natural_key(path)))
    raise DataError(f"{raw}: no labels of {tool}, {' or '.join(chosen.files)}")


def _parsed(tool: str, path: Path, options: Options) -> Iterable[LabelledImage]:
    if options.predictions:
        return labelstudio.read(path, predictions=True)
    return TOOLS[tool].read(path)


def _fields(tool: str, options: Options, images: Sequence[tuple[LabelledImage, Path]]) -> Fields:
    """Return the rule of the tool with what was given in its place, which must be there."""
    own = TOOLS[tool].fields
    regions = [region for image, _ in images for region in image.regions or ()]
    check_fields(Fields(options.text, options.ignore), regions)
    return Fields(options.text or own.text, options.ignore or own.ignore)


def _instances(regions: Sequence[Region], fields: Fields) -> list[Instance]:
    return [fields.instance(region) for region in regions]


def _find(image: LabelledImage, root: Path) -> Path:
    """Return the file of an image.

    Raises:
        DataError: It is in none of the places.
    """
    places = (root, root.parent, root / "images")
    name = image.name.lstrip("/") if image.name.startswith("/") else image.name
    given = [Path(image.name)] if Path(image.name).is_absolute() else []
    by_path = [place / name for place in places]
    by_name = [place / Path(name).name for place in places]
    uploaded = [place / _uploaded(Path(name).name) for place in places]
    for path in (*given, *by_path, *by_name, *uploaded):
        if inputs.is_file(path):
            return path
    hint = inputs.nearest_file(root / Path(name).name, "*.*")
    raise DataError(f"{image.place}: there is no image {inputs.shown_path(name)} in {root}{hint}")


def _uploaded(name: str) -> str:
    """Return a name without the eight digits that Label Studio puts before what is uploaded."""
    start, dash, rest = name.partition("-")
    digits = len(start) == 8 and all(letter in "0123456789abcdef" for letter in start)
    return rest if dash and digits and rest else name


def _beside(used: Collection[Path]) -> int:
    """Return the number of images in the folders of labelled ones that have no labels."""
    folders = {path.parent for path in used}
    return sum(
        path.suffix.lower() in IMAGE_SUFFIXES
        and not path.name.startswith(".")
        and path.resolve() not in used
        for folder in folders
        for path in inputs.listed(folder)
    )
