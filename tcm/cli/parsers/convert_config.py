"""The options of ``tcm convert-config``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.parsers.options import command_parser


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "convert-config",
        description="Write a config of MMOCR 1.x (DBNet, DBNet++, FCENet, PSENet or PANet) as one "
        "of ours. MMOCR need not be installed, and nothing in the file is run. What has no "
        "counterpart here is told, and stands at the top of the file.",
        examples=["configs/textdet/dbnet/dbnet_resnet50_1200e_icdar2015.py --out dbnet.yaml"],
    )
    parser.add_argument("source", type=Path, help="MMOCR's config, a Python file")
    parser.add_argument("--out", type=Path, help="YAML file to write; without it, to the terminal")
    parser.add_argument(
        "--strict", action="store_true", help="write nothing when something has no counterpart"
    )
    return parser.parse_args(arguments)
