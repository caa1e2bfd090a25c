"""The options of ``tcm data`` for word recognition."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from tcm.cli.parsers.options import add_exif_argument, called, read_options
from tcm.data.storage.label_files import Form

# Names of the benchmarks, for the folders of the LMDBs, by command.
WORD_SETS = {"iiit5k": "IIIT5k", "icdar2015-words": "IC15"}
LMDB_SETS = ("union14m-l", "ost", "ltb-long")  # of OpenOCR
COMMANDS = (*WORD_SETS, *LMDB_SETS, "lmdb", "lmdb-info", "crops")
LABEL_FILES = ("labels.txt", "labels.jsonl", "labels.json", "gt.txt")  # looked for in a folder


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    command = "data prepare" if arguments[0] in (*WORD_SETS, *LMDB_SETS) else "data"
    parser = argparse.ArgumentParser(prog=called(command, "prepare_data"))
    commands = parser.add_subparsers(required=True, dest="command")
    for name in WORD_SETS:
        _add_word_set(commands, name)
    for name in LMDB_SETS:
        _add_lmdb_set(commands, name)
    _add_lmdb(commands)
    info = commands.add_parser("lmdb-info", help="look into LMDBs of word crops")
    info.add_argument("root", type=Path, help="folder; all LMDBs at and below it are read")
    info.add_argument("--no-decode", action="store_true", help="read labels only, which is quick")
    _add_crops(commands)
    return read_options(parser, arguments)


def _add_word_set(commands: argparse._SubParsersAction, name: str) -> None:
    parser = commands.add_parser(
        name,
        help="read a raw set of word crops",
        description="Read the raw word crops, decode every image, write OUT/<split>.txt of lines "
        f"path, tab, text, and OUT/lmdb/<split>/{WORD_SETS[name]}/data.mdb.",
    )
    parser.add_argument("--raw", type=Path, required=True, help="folder of the raw dataset")
    parser.add_argument("--out", type=Path, required=True, help="folder for the result")
    parser.add_argument("--write", choices=("both", "files", "lmdb"), default="both")


def _add_lmdb_set(commands: argparse._SubParsersAction, name: str) -> None:
    parser = commands.add_parser(
        name,
        help="read a set of OpenOCR's LMDBs",
        description="Read all words of the LMDBs as OpenOCR publishes them, decode every image, "
        "and link them as OUT/lmdb/SPLIT/NAME/data.mdb.",
    )
    parser.add_argument("--raw", type=Path, required=True, help="folder of the LMDBs' folders")
    parser.add_argument("--out", type=Path, required=True, help="folder for the links")


def _add_lmdb(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "lmdb",
        help="write an LMDB from a label file",
        description="Write OUT/data.mdb, as PARSeq and CLIP4STR read it, from a label file of "
        "lines 'path text', path-tab-text, 'path, \"text\"', or JSON.",
    )
    parser.add_argument(
        "--labels", type=Path, required=True, help=f"the file, or a folder with {LABEL_FILES[0]}"
    )
    parser.add_argument("--img-root", type=Path, help="folder of the images (default: the file's)")
    parser.add_argument("--form", default="auto", choices=get_args(Form), help="of the lines")
    parser.add_argument("--out", type=Path, required=True, help="folder for data.mdb")


def _add_crops(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "crops",
        help="cut the words of an annotation file",
        description="Cut every word that has a text and is not ignored from the scenes of an "
        "annotation file, into OUT/images and OUT/labels.txt.",
    )
    parser.add_argument(
        "--ann", type=Path, required=True, help="unified JSON, also predictions.json"
    )
    parser.add_argument("--img-root", type=Path, help="folder of the images (default: the file's)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the result")
    parser.add_argument(
        "--mode",
        choices=("box", "rectified"),
        default="box",
        help="bounding boxes, or straightened words",
    )
    parser.add_argument("--padding", type=float, default=0.0, help="pixels around a box")
    add_exif_argument(parser)
