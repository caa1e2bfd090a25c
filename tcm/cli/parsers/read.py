"""The options of ``tcm read``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.parsers.options import (
    add_debug_argument,
    add_device_argument,
    add_exif_argument,
    add_precision_argument,
    add_reading_arguments,
    at_least,
    command_parser,
    read_options,
)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "read",
        description="Read the text in photos, PDF pages and video frames. Prints it, a line of "
        "the picture a line; with --out it writes results.jsonl, a line of JSON for each picture "
        "as it is read, and pictures with what was found. What cannot be read is named and left "
        "out; the exit status is 1 then.",
        examples=[
            "photo.jpg scans/ 'more/**/*.png' --detector det.ckpt --recognizer rec.ckpt --out read"
        ],
    )
    parser.add_argument("images", nargs="+", type=Path, help="files, folders or patterns")
    _add_models(parser)
    add_reading_arguments(parser)
    parser.add_argument(
        "--every",
        type=at_least(1),
        default=30,
        metavar="N",
        help="of a video, read the first of N frames (default: 30)",
    )
    add_exif_argument(parser)
    _add_outputs(parser)
    add_device_argument(parser)
    add_precision_argument(parser)
    parser.add_argument(
        "--compile",
        action="store_true",
        help="compile the networks, which takes minutes for each size of input",
    )
    add_debug_argument(parser)
    return read_options(parser, arguments)


def _add_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--detector",
        metavar="CKPT",
        help="checkpoint or exported folder of a detector or spotter; default: the package's own",
    )
    parser.add_argument(
        "--recognizer",
        metavar="CKPT",
        help="of a recognizer; default: the package's own, or none for a spotter",
    )
    parser.add_argument(
        "--no-recognizer", action="store_true", help="find words without reading them"
    )


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--no-pictures", action="store_true", help="with --out: write results.jsonl alone"
    )
    parser.add_argument(
        "--show-maps",
        action="store_true",
        help="with --out: a picture of what the detector sees, NAME.maps.jpg: score map, visual "
        "prompt, probability, as far as it has them",
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write one page with all pictures and texts"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="with --out: leave out what results.jsonl has already",
    )
    parser.add_argument(
        "--font",
        metavar="FILE",
        help="TrueType font for the pictures; default: DejaVu Sans (Latin, Greek, Cyrillic)",
    )
