"""The options of ``tcm data browse``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.parsers.options import add_config_arguments, at_least, command_parser, read_options


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "data browse",
        "browse_dataset",
        "Draw transformed samples: polygons (blue), regions that do not count (grey) "
        "and, beside them, every target map.",
        ["quickstart --num 8"],
    )
    add_config_arguments(parser)
    parser.add_argument("--split", default="train", choices=["train", "val", "test"])
    parser.add_argument("--num", type=at_least(1), default=16, help="images; default 16")
    parser.add_argument(
        "--repeats", type=at_least(1), default=1, help="augmentations of each image; default 1"
    )
    parser.add_argument(
        "--seed", type=at_least(0), default=0, help="of the augmentation, as in training"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("work_dirs/browse"), help="folder for the pictures"
    )
    return read_options(parser, arguments)
