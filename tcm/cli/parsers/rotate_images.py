"""The options of ``tcm data rotate``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.parsers.options import add_debug_argument, add_exif_argument, command_parser, finite


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "data rotate",
        description="Turn the images of an annotation file about their centres, each angle a copy "
        "of its own: OUT/rotated_ANGLE.json and PNG files in OUT/rotated_ANGLE. The canvas grows "
        "to hold the whole image, black beyond it.",
        examples=["--ann data/totaltext/test.json --out data/totaltext_rotated --angles 0 45 -60"],
    )
    parser.add_argument("--ann", type=Path, required=True, help="the JSON file")
    parser.add_argument("--img-root", type=Path, help="folder of the images (default: the file's)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the copies, empty")
    parser.add_argument(
        "--angles",
        type=finite,
        nargs="+",
        required=True,
        metavar="DEG",
        help="degrees, clockwise on the screen",
    )
    add_exif_argument(parser)
    add_debug_argument(parser)
    return parser.parse_args(arguments)
