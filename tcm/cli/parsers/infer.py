"""The options of ``tcm infer``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.parsers.options import (
    add_checkpoint_argument,
    add_config_arguments,
    add_converter_argument,
    add_exif_argument,
    add_network_arguments,
    command_parser,
    finite,
    read_options,
)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "infer",
        "infer",
        "Mark the text in images: for each a picture with the polygons drawn, with "
        "the texts if the model reads, and predictions.json. A recognizer such as CLIP4STR or "
        "PARSeq reads each image as one word: give it word crops.",
        ["quickstart work_dirs/quickstart/inference.ckpt photo.jpg"],
    )
    add_config_arguments(parser)
    add_checkpoint_argument(parser)
    parser.add_argument("images", nargs="+", type=Path, help="image files or folders of images")
    parser.add_argument(
        "--out", type=Path, default=Path("work_dirs/infer"), help="folder for the results"
    )
    parser.add_argument(
        "--min-score", type=finite, default=0.0, help="leave out texts that score less"
    )
    parser.add_argument(
        "--font",
        metavar="FILE",
        help="TrueType font for the pictures; default: DejaVu Sans (Latin, Greek, Cyrillic)",
    )
    add_exif_argument(parser)
    add_converter_argument(parser)
    add_network_arguments(parser)
    return read_options(parser, arguments)
