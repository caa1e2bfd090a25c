"""The options of ``tcm data prepare``, and of what else ``tools/prepare_data.py`` does."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from tcm.annotations.dota import Version
from tcm.annotations.hiertext import Level
from tcm.annotations.totaltext import DontCare
from tcm.cli.parsers import check_data, fit_beziers, prepare_words
from tcm.cli.parsers.options import add_exif_argument, command_parser, read_options
from tcm.data.formats.readers import READERS

_DESCRIPTION = (
    "Read a raw dataset in its official layout, check every line and image, and write "
    "OUT/<split>.json in MMOCR's unified format. Images stay where they are; the JSON names them "
    "relative to OUT."
)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line, whichever command it is of."""
    if arguments[:1] == ["check"]:
        return check_data.parse(arguments[1:])
    if arguments[:1] == ["bezier"]:
        return fit_beziers.parse(arguments[1:])
    if arguments[:1] and arguments[0] in prepare_words.COMMANDS:
        return prepare_words.parse(arguments)
    parser = command_parser("data prepare", "prepare_data", _DESCRIPTION)
    if parser.prog.startswith("tools/"):
        parser.epilog = (
            "'check FILE' in place of the dataset looks for mistakes in such a JSON file, 'bezier "
            "--ann FILE' fits Bezier curves to its texts. For word recognition: "
            f"{', '.join(prepare_words.COMMANDS)}; each has its own --help."
        )
    words = ", ".join((*prepare_words.WORD_SETS, *prepare_words.LMDB_SETS))
    parser.add_argument(
        "dataset",
        help=f"name of the dataset: {', '.join(sorted(READERS))}; of word crops, with options of "
        f"their own: {words}",
    )
    parser.add_argument("--raw", type=Path, required=True, help="folder of the raw dataset")
    parser.add_argument("--out", type=Path, required=True, help="folder for the JSON files")
    parser.add_argument(
        "--exclude",
        type=Path,
        nargs="+",
        metavar="LIST",
        help="art: lists of images to leave out, such as Total_Text_ID_vs_ArT_ID.list and "
        "CTW1500_ID_vs_ArT_ID.txt",
    )
    parser.add_argument(
        "--points", type=int, help="rrc_txt: points of every polygon (default: found line by line)"
    )
    parser.add_argument(
        "--dont-care",
        choices=get_args(DontCare),
        help="totaltext: ignore the words of the orientation #, as the official scripts do, or all "
        "that cannot be read (default: the former in the test split, the latter in training)",
    )
    parser.add_argument(
        "--classes",
        choices=get_args(Version),
        help="dota: the version whose classes the labels have (default: v1.0)",
    )
    parser.add_argument(
        "--level",
        choices=get_args(Level),
        help="hiertext: the texts that are written (default: word)",
    )
    add_exif_argument(parser, None)
    return read_options(parser, arguments)
