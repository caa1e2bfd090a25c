"""The options of ``tcm data merge``."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from tcm.cli.parsers.options import add_debug_argument, between, command_parser
from tcm.geometry.merge_rules import MergeRule


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "data merge",
        description="Merge detections in patches into detections on whole images: move each to "
        "where its patch lies, as its name says, and suppress the worse of two that overlap, class "
        "by class. Every Task1_CLASS.txt of DIR is read, and written to OUT.",
        examples=["patches --rule mmrotate --out merged"],
    )
    parser.add_argument(
        "results", type=Path, metavar="DIR", help="folder or zip of files Task1_CLASS.txt"
    )
    parser.add_argument(
        "--rule",
        required=True,
        choices=get_args(MergeRule),
        help="mmrotate: patches IMAGE__SIZE__X___Y of tcm data split, overlaps above 0.1 of "
        "rectangles; devkit: IMAGE__RATE__X___Y, divided by RATE, overlaps above 0.3 of polygons",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="OUT", help="folder to write")
    parser.add_argument(
        "--iou", type=between(0, 1), metavar="IOU", help="in place of the rule's threshold"
    )
    add_debug_argument(parser)
    return parser.parse_args(arguments)
