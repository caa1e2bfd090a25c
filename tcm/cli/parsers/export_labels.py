"""The options of ``tcm data export``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.parsers.options import add_debug_argument, add_exif_argument, command_parser

TOOLS = ("ppocrlabel", "labelstudio", "labelme")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "data export",
        description="Write what a model has found for a labelling tool, where people correct it. "
        "The least certain image comes first; images without a word come last.",
        examples=["--to labelstudio found/predictions.json --out tasks.json"],
    )
    parser.add_argument("file", type=Path, metavar="PREDICTIONS", help="predictions.json")
    parser.add_argument("--to", dest="tool", required=True, choices=TOOLS, help="the tool")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="PATH",
        help="ppocrlabel: Label.txt in the folder of the images; labelstudio: a JSON file to "
        "import; labelme: the folder of its files, which get order.txt beside them",
    )
    parser.add_argument(
        "--order",
        choices=("least", "mean"),
        default="least",
        help="an image is as certain as its least certain word, or as its words in the mean "
        "(default: least)",
    )
    parser.add_argument(
        "--img-root",
        type=Path,
        metavar="DIR",
        help="folder of the images (default: the file's, else the current one)",
    )
    parser.add_argument(
        "--served",
        type=Path,
        metavar="DIR",
        help="labelstudio: the folder that it serves local files from, "
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT (default: the innermost of all images)",
    )
    add_exif_argument(parser)
    add_debug_argument(parser)
    return parser.parse_args(arguments)
