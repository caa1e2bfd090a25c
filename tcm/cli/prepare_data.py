"""Turn a raw dataset into annotation files in MMOCR's unified JSON, or check such a file."""

import argparse
import inspect
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from rich.console import Console
from rich.table import Table

from tcm.annotations.totaltext import DontCare
from tcm.cli import check_data, fit_beziers, prepare_words
from tcm.cli.exif import add_exif_argument
from tcm.cli.progress import bars
from tcm.data.formats import unified
from tcm.data.formats.readers import READERS
from tcm.data.formats.unified import ImageRecord
from tcm.errors import ConfigError, DataError, nearest

OPTIONS = ("exclude", "points", "dont_care", "exif")  # of the readers that take them


def main(argv: list[str] | None = None) -> int:
    """Read a raw dataset, write a JSON file a split, print what is in them.

    With ``check`` for a dataset's name, check a JSON file instead; with ``bezier``, fit curves to
    its texts; with a command of `prepare_words`, prepare word crops.

    Raises:
        ConfigError: The dataset's name is unknown, or it has no such option.
        DataError: The raw data is incomplete or damaged, or the output cannot be written.
    """
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["check"]:
        return check_data.main(argv[1:])
    if argv[:1] == ["bezier"]:
        return fit_beziers.main(argv[1:])
    if argv[:1] and argv[0] in prepare_words.COMMANDS:
        return prepare_words.main(argv)
    arguments = _parser().parse_args(argv)
    if arguments.dataset not in READERS:
        hint = nearest(arguments.dataset, [*READERS, "check", "bezier", *prepare_words.COMMANDS])
        raise ConfigError(f"unknown dataset '{arguments.dataset}'{hint}")
    options = _options(arguments)
    with bars() as advance:
        splits = READERS[arguments.dataset](arguments.raw, advance, **options)
    _write(splits, arguments.out)
    Console().print(_table(splits))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tools/prepare_data.py",
        description="Read a raw dataset in its official layout, check every line and image, and "
        "write OUT/<split>.json in MMOCR's unified format. Images stay where they are; the JSON "
        "names them relative to OUT. 'prepare_data.py check FILE' looks for mistakes in such a "
        "JSON file, 'prepare_data.py bezier --ann FILE' fits Bezier curves to its texts. "
        f"For word recognition: {', '.join(prepare_words.COMMANDS)}; each has its own --help.",
    )
    parser.add_argument("dataset", help=f"name of the dataset: {', '.join(sorted(READERS))}")
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
    add_exif_argument(parser, None)
    return parser


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options that were given, if the reader of the dataset takes them."""
    given = {name: getattr(arguments, name) for name in OPTIONS}
    given = {name: value for name, value in given.items() if value is not None}
    taken = inspect.signature(READERS[arguments.dataset]).parameters
    for name in given:
        if name not in taken:
            raise ConfigError(f"{arguments.dataset} has no option --{name.replace('_', '-')}")
    return given


def _write(splits: dict[str, list[ImageRecord]], out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for split, records in splits.items():
            unified.write(out / f"{split}.json", _relative(records, out))
    except OSError as error:
        raise DataError(f"{out}: cannot be written: {error.strerror}") from error


def _relative(records: list[ImageRecord], out: Path) -> list[ImageRecord]:
    base = out.resolve()  # ".." steps through real folders, not through links
    paths = [os.path.relpath(Path(record.img_path).resolve(), base) for record in records]
    return [
        replace(record, img_path=Path(path).as_posix())
        for record, path in zip(records, paths, strict=True)
    ]


def _table(splits: dict[str, list[ImageRecord]]) -> Table:
    table = Table("split", "images", "instances", "cared", "ignored")
    for split, records in splits.items():
        instances = sum(len(record.instances) for record in records)
        ignored = sum(int(record.instances.ignored.sum()) for record in records)
        counts = (len(records), instances, instances - ignored, ignored)
        table.add_row(split, *map(str, counts))
    return table
