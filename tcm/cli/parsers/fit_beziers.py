"""The options of ``tcm data beziers``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.parsers.options import command_parser, read_options


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "data beziers",
        "prepare_data bezier",
        "Fit two cubic Bezier curves to each text of an annotation file in MMOCR's "
        "unified format, as ABCNet takes them: the first half of the vertices is the upper side, "
        "the rest the lower one. Report how far the vertices lie from the curves, and which texts "
        "have no proper curves. ABCNet fits the same curves itself while it trains; --out is for "
        "other programs.",
    )
    parser.add_argument("--ann", type=Path, required=True, help="the JSON file")
    parser.add_argument(
        "--out", type=Path, help="JSON file to write: the same with 'beziers', 16 numbers a text"
    )
    parser.add_argument(
        "--worst", type=int, default=10, help="texts listed of each kind, 0 for all (default: 10)"
    )
    parser.add_argument(
        "--least",
        choices=["points", "bend"],
        default="points",
        help="which curve is taken where several fit a side of three vertices: the authors' "
        "('points', the default), which depends on where in the image the text is, or the "
        "straightest ('bend')",
    )
    return read_options(parser, arguments)
