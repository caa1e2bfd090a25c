"""``tcm infer CONFIG CKPT IMAGES``: mark the text, or the objects, in one's own images."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from rich.progress import track
from torch.utils.data import DataLoader

from tcm.cli.configs import read_config
from tcm.cli.infer_objects import infer_objects
from tcm.cli.network import load_network
from tcm.cli.outputs import Outputs, picture_names
from tcm.cli.parsers.infer import parse
from tcm.cli.terminal import say
from tcm.data.datasets.image_files import ImageFiles
from tcm.data.loading.collate import collate
from tcm.data.loading.pipeline import Pipeline
from tcm.errors import ConfigError, DataError
from tcm.evaluation.files.unified import write_predictions
from tcm.inference.labels import lacking, load_font
from tcm.inference.predict import predict
from tcm.inference.visualize import draw, write_image
from tcm.models.recognizers.recognizer import TextRecognizer
from tcm.reader.sources import IMAGES

log = logging.getLogger("tcm")

_SCENE = (
    "%s: %s pixels look like a scene; %s takes an image for the crop of one word and reads nothing "
    "else of it"
)


def main(arguments: list[str]) -> int:
    """Run the command."""
    args = parse(arguments)
    config = read_config(args.config, args.cfg_options)
    load_font(args.font, 1)  # a wrong file is an error now and not after the first image
    stage = config["data"].get("test") or config["data"].get("val")
    if not stage:
        raise ConfigError("data.test and data.val: one is wanted, for its pipeline")
    images = _images(args.images)
    if config.get("objects"):
        return infer_objects(args, config, images)
    _refuse_options_of_objects(args)
    dataset = ImageFiles(images, args.exif, args.max_pixels)
    outputs = Outputs([*dataset.ids, args.config, args.checkpoint])
    pictures = outputs.files("--out", args.out, picture_names(dataset.ids))
    outputs.file("--out", args.out / "predictions.json")
    loader = DataLoader(Pipeline(dataset, stage["pipeline"]), batch_size=1, collate_fn=collate)
    model, device, precision = load_network(config["model"], args)
    found = []
    told = not isinstance(model, TextRecognizer)
    for sample, instances in track(
        predict(model, loader, device, precision=precision),
        "reading",
        total=len(dataset),
        transient=True,
    ):
        keep = instances.scores >= args.min_score
        found.append((sample.path, instances.select(keep)))
        image = dataset.load(sample.index).image
        if not told and _is_scene(*image.shape[:2]):
            told = True
            size = f"{image.shape[1]}x{image.shape[0]}"
            log.warning(_SCENE, sample.path, size, type(model).__name__)
        picture = draw(image, found[-1][1], font=args.font)
        with outputs.writing(pictures[sample.index]) as path:
            write_image(path, picture)
    with outputs.writing(args.out / "predictions.json") as path:
        write_predictions(path, [name for name, _ in found], [texts for _, texts in found])
    total = sum(len(texts) for _, texts in found)
    letters = "".join(text or "" for _, texts in found for text in texts.texts)
    boxes = lacking(letters, args.font)
    if boxes:
        say(f"drawn as boxes, for lack of a glyph: {' '.join(boxes)}; see --font")
    say(f"{total} texts in {len(found)} images; pictures and predictions.json in {args.out}")
    return 0


def _refuse_options_of_objects(args: argparse.Namespace) -> None:
    for option in ("tile", "gap", "submission", "no_pictures"):
        if getattr(args, option) not in (None, False):
            raise ConfigError(
                f"--{option.replace('_', '-')}: {args.config} finds texts; this is for configs "
                "with a section 'objects'"
            )


def _is_scene(height: int, width: int) -> bool:
    """Tell whether an image has the size and the shape of a scene rather than of a word.

    Of 11,545 word crops of IIIT5K and ICDAR2015 3 do, of their and MSRA-TD500's scenes all.
    """
    return min(height, width) >= 480 and max(height, width) <= 2 * min(height, width)


def _images(places: Sequence[Path]) -> list[str]:
    """Return the image files of files and folders, folders in the order of their names.

    Raises:
        DataError: A place does not exist, or a folder holds no image.
    """
    paths: list[Path] = []
    for place in places:
        if place.is_dir():
            inside = sorted(p for p in place.iterdir() if p.suffix.lower() in IMAGES)
            if not inside:
                raise DataError(f"{place}: no images in this folder")
            paths += inside
        elif place.is_file():
            paths.append(place)
        else:
            raise DataError(f"{place}: no such image or folder")
    return [str(path) for path in paths]
