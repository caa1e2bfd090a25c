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
    at_least,
    command_parser,
    finite,
    read_options,
)
from tcm.inputs import MOST_PIXELS


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "infer",
        "infer",
        "Mark the text in images: for each a picture with the polygons drawn, with "
        "the texts if the model reads, and predictions.json. A recognizer such as CLIP4STR or "
        "PARSeq reads each image as one word: give it word crops. A config with a section "
        "'objects' marks oriented objects in images of any size, window by window, in a colour a "
        "class; results.jsonl has a line of each image as soon as it is done.",
        [
            "quickstart work_dirs/quickstart/inference.ckpt photo.jpg",
            "objectdet/rotated_fcos/rotated-fcos_clip-r50_12e_dota det.ckpt P0706.png "
            "--min-score 0.3 --submission task1.zip",
        ],
    )
    add_config_arguments(parser)
    add_checkpoint_argument(parser)
    parser.add_argument("images", nargs="+", type=Path, help="image files or folders of images")
    parser.add_argument(
        "--out", type=Path, default=Path("work_dirs/infer"), help="folder for the results"
    )
    parser.add_argument("--min-score", type=finite, default=0.0, help="leave out what scores less")
    parser.add_argument(
        "--font",
        metavar="FILE",
        help="TrueType font for the pictures; default: DejaVu Sans (Latin, Greek, Cyrillic)",
    )
    parser.add_argument(
        "--max-pixels",
        type=at_least(1),
        default=MOST_PIXELS,
        metavar="N",
        help="refuse larger images; one takes 6 bytes a pixel to be read, 9 to be drawn "
        "(default: 2^27, 134 million)",
    )
    objects = parser.add_argument_group("objects", "for configs with a section 'objects'")
    objects.add_argument(
        "--tile", type=at_least(1), metavar="N", help="side of the windows (default: the config's)"
    )
    objects.add_argument(
        "--gap",
        type=at_least(0),
        metavar="N",
        help="pixels that windows share at least (default: the config's)",
    )
    objects.add_argument(
        "--submission", type=Path, metavar="ZIP", help="write DOTA's Task1_CLASS.txt in a zip"
    )
    objects.add_argument("--no-pictures", action="store_true", help="draw nothing")
    add_exif_argument(parser)
    add_converter_argument(parser)
    add_network_arguments(parser)
    return read_options(parser, arguments)
