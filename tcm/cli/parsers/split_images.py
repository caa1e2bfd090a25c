"""The options of ``tcm data split``."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.parsers.options import (
    add_debug_argument,
    add_exif_argument,
    at_least,
    between,
    command_parser,
    finite,
)

RULES = ("mmrotate", "devkit")
_MOST_WORKERS = 4  # unasked: each holds an image


def rate(text: str) -> float:
    """Read a scale."""
    value = finite(text)
    if not 0 < value <= 16:
        raise argparse.ArgumentTypeError(f"a rate above 0 and up to 16 is wanted, got '{text}'")
    return value


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "data split",
        description="Cut large images and their labels into patches. RAW is DOTA in its layout: "
        "images and labelTxt, or folders train, val, trainval and test with them; images alone are "
        "cut without labels. OUT, which must be empty, gets images and annfiles in the same "
        "folders, for tcm data prepare dota.",
        examples=["--raw DOTA --out patches", "--raw DOTA --out ms --rates 0.5 1 1.5 --gap 500"],
    )
    parser.add_argument("--raw", type=Path, required=True, help="folder of the dataset")
    parser.add_argument("--out", type=Path, required=True, help="folder for the patches")
    parser.add_argument("--size", type=at_least(1), default=1024, help="of a patch (default: 1024)")
    parser.add_argument(
        "--gap", type=at_least(0), default=200, help="that neighbours share (default: 200)"
    )
    parser.add_argument(
        "--rates",
        type=rate,
        nargs="+",
        default=[1.0],
        metavar="RATE",
        help="scales: size and gap are divided by each, and a training resizes the patches "
        "(default: 1)",
    )
    parser.add_argument(
        "--min-share",
        type=between(0.01, 1),
        default=0.7,
        metavar="SHARE",
        help="of its area that an object needs in a patch (default: 0.7)",
    )
    parser.add_argument(
        "--rule",
        choices=RULES,
        default="mmrotate",
        help="mmrotate keeps objects whole and pads; devkit resizes the image by the rate, clips "
        "objects and writes labelTxt (default: mmrotate)",
    )
    parser.add_argument(
        "--workers",
        type=at_least(1),
        default=min(_MOST_WORKERS, os.cpu_count() or 1),
        help="processes, each of which holds an image (default: one a core, up to 4)",
    )
    add_exif_argument(parser)
    add_debug_argument(parser)
    return parser.parse_args(arguments)
