"""The option ``--exif`` of the commands that read images without a config."""

import argparse
from typing import get_args

from tcm.data.storage.images import Exif


def add_exif_argument(parser: argparse.ArgumentParser, default: Exif | None = "apply") -> None:
    """Add ``--exif apply|ignore`` to a command; a default of None leaves it to the dataset."""
    rule = default or "apply, except for sets whose labels are known to be of the stored pixels"
    parser.add_argument(
        "--exif",
        choices=get_args(Exif),
        default=default,
        help="turn images upright as their EXIF orientation says, or ignore it, for labels of the "
        f"stored pixels (default: {rule})",
    )
