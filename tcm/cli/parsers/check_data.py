"""The options of ``tcm data check``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.parsers.options import add_exif_argument, command_parser, read_options


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "data check",
        "prepare_data check",
        "Look for mistakes in an annotation file in MMOCR's unified format: malformed "
        "entries, missing, damaged and duplicate images, wrong sizes, polygons of fewer than 3 "
        "points, self-intersecting or outside the image, empty texts. Exit status 1 if there are "
        "any. Images with an EXIF orientation are listed too, which is no mistake.",
    )
    parser.add_argument("file", type=Path, help="the JSON file")
    parser.add_argument(
        "--img-root", type=Path, help="folder of the images (default: the JSON file's)"
    )
    add_exif_argument(parser)
    parser.add_argument(
        "--limit", type=int, default=20, help="lines printed of a kind, 0 for all (default: 20)"
    )
    return read_options(parser, arguments)
