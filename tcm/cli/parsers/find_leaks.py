"""The options of ``tcm data leaks``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.parsers.options import (
    add_debug_argument,
    add_exif_argument,
    at_least,
    command_parser,
)
from tcm.errors import ConfigError


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line.

    Raises:
        ConfigError: There is nothing to go by.
    """
    parser = command_parser(
        "data leaks",
        description="Find the images of a training set that are test images of other sets, by "
        "their pictures, compressed or resized as they may be, and write them as a list that "
        "TextDataset leaves out (exclude). To be run for every part of a joint training before "
        "it. Exit status 1 if there are any.",
        examples=["--train data/art/train.json --test data/totaltext/test.json --out leaks.txt"],
    )
    parser.add_argument("--train", type=Path, required=True, help="JSON file of the training set")
    parser.add_argument(
        "--test", type=Path, nargs="+", required=True, metavar="FILE", help="those of test sets"
    )
    parser.add_argument("--out", type=Path, required=True, help="the list to write")
    parser.add_argument(
        "--threshold",
        type=at_least(0),
        default=32,
        metavar="BITS",
        help="of 256 that may differ between copies (default: 32)",
    )
    parser.add_argument(
        "--names",
        action="store_true",
        help="names are ids of one source, as of COCO or Open Images: equal ones are one image",
    )
    parser.add_argument(
        "--pairs",
        type=Path,
        nargs="+",
        default=[],
        metavar="LIST",
        help="published lists of lines 'TEST TRAIN' or 'TRAIN', such as "
        "Total_Text_ID_vs_ArT_ID.list",
    )
    parser.add_argument(
        "--no-hash", action="store_true", help="do not look at the images, go by names and lists"
    )
    add_exif_argument(parser)
    add_debug_argument(parser)
    args = parser.parse_args(arguments)
    if args.no_hash and not (args.names or args.pairs):
        raise ConfigError("--no-hash: --names or --pairs is wanted then, to go by")
    return args
