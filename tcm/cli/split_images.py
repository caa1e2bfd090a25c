"""``tcm data split --raw RAW --out OUT``: large images and their labels cut into patches."""

import argparse
from functools import partial
from pathlib import Path

from tcm import inputs
from tcm.cli.parsers.split_images import parse
from tcm.cli.progress import bars
from tcm.cli.terminal import say
from tcm.data.formats.dota import SPLITS, labels_in
from tcm.data.formats.raw import folder, images_in, pair
from tcm.data.prepare.cut_images import Counts, Job, cut_images
from tcm.errors import DataError, OutputError
from tcm.files import make_folder
from tcm.geometry.windows import Cutting


def main(arguments: list[str]) -> int:
    """Run the command.

    Raises:
        ConfigError: Size and gap do not fit each other.
        DataError: An image or its labels are missing, malformed or damaged.
        OutputError: The folder is not empty, or cannot be written to.
    """
    args = parse(arguments)
    cutting = Cutting(args.size, args.gap, tuple(args.rates), least_object=args.min_share)
    jobs = _jobs(args, cutting)
    if inputs.exists(args.out) and (not inputs.is_dir(args.out) or inputs.listed(args.out)):
        raise OutputError(f"--out {args.out}: is there and not an empty folder; choose another")
    make_folder(args.out)
    for name, found in jobs.items():
        with bars() as advance:
            counts = cut_images(found, args.workers, partial(advance, name or "images"))
        say(f"{args.out / name}: {_listed(len(found), counts)}")
    return 0


def _jobs(args: argparse.Namespace, cutting: Cutting) -> dict[str, list[Job]]:
    """Return the images of each split, under the folder's name in the output, "" for the only one.

    Raises:
        DataError: There are none, or an image has no labels though others have, or the reverse.
    """
    if not inputs.is_dir(args.raw):
        raise DataError(f"{inputs.shown_path(args.raw)}: no such folder")
    splits = [name for name in SPLITS if inputs.is_dir(args.raw / name)] or [""]
    jobs = {}
    for name in splits:
        place, out = args.raw / name, args.out / name
        images, labels = images_in(folder(place, "images")), labels_in(place)
        pairs: list[tuple[Path, Path | None]] = [(image, None) for image in images]
        if labels is not None:
            pairs = list(pair(images, labels, "{}.txt"))
        jobs[name] = [Job(image, text, out, cutting, args.rule, args.exif) for image, text in pairs]
    return jobs


def _listed(images: int, counts: Counts) -> str:
    return (
        f"{images:,} images, {counts.patches:,} patches, {counts.filled:,} with objects, "
        f"{counts.objects:,} objects, {counts.cut:,} difficult for being cut"
    )
