"""Turn a raw dataset into annotation files in MMOCR's unified JSON, or check such a file."""

import argparse
import inspect
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tcm.annotations.unified import TEXT
from tcm.cli import check_data, fit_beziers, prepare_words
from tcm.cli.parsers.prepare_data import parse
from tcm.cli.parsers.prepare_words import COMMANDS
from tcm.cli.progress import bars
from tcm.cli.terminal import plain
from tcm.data.formats import unified
from tcm.data.formats.raw import LabelledSplits
from tcm.data.formats.readers import READERS, reader
from tcm.data.formats.unified import ImageRecord
from tcm.errors import ConfigError, nearest
from tcm.files import make_folder

OPTIONS = (
    "exclude",
    "points",
    "dont_care",
    "classes",
    "level",
    "exif",
)  # of the readers that take them


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
    if argv[:1] and argv[0] in COMMANDS:
        return prepare_words.main(argv)
    arguments = parse(argv)
    if arguments.dataset not in READERS:
        hint = nearest(arguments.dataset, [*READERS, "check", "bezier", *COMMANDS])
        raise ConfigError(f"unknown dataset '{arguments.dataset}'{hint}")
    options = _options(arguments)
    with bars() as advance:
        splits = reader(arguments.dataset)(arguments.raw, advance, **options)
    _write(splits, arguments.out)
    Console().print(_table(splits))
    return 0


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options that were given, if the reader of the dataset takes them."""
    given = {name: getattr(arguments, name) for name in OPTIONS}
    given = {name: value for name, value in given.items() if value is not None}
    taken = inspect.signature(reader(arguments.dataset)).parameters
    for name in given:
        if name not in taken:
            raise ConfigError(f"{arguments.dataset} has no option --{name.replace('_', '-')}")
    return given


def _write(splits: dict[str, list[ImageRecord]], out: Path) -> None:
    make_folder(out)
    classes = splits.classes if isinstance(splits, LabelledSplits) else TEXT
    for split, records in splits.items():
        unified.write(out / f"{split}.json", unified.relative(records, out), classes)


def _table(splits: dict[str, list[ImageRecord]]) -> Table:
    table = Table("split", "images", "instances", "cared", "ignored")
    for split, records in splits.items():
        instances = sum(len(record.instances) for record in records)
        ignored = sum(int(record.instances.ignored.sum()) for record in records)
        counts = (len(records), instances, instances - ignored, ignored)
        table.add_row(Text(plain(split)), *map(str, counts))
    return table
