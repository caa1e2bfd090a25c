"""Turn a raw dataset into annotation files in MMOCR's unified JSON."""

import argparse
import os
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tcm.data.formats import unified
from tcm.data.formats.readers import READERS
from tcm.data.formats.unified import ImageRecord
from tcm.errors import ConfigError, DataError, nearest


def main(argv: list[str] | None = None) -> int:
    """Read a raw dataset, write a JSON file a split, print what is in them.

    Raises:
        ConfigError: The dataset's name is unknown.
        DataError: The raw data is incomplete or damaged, or the output cannot be written.
    """
    arguments = _parser().parse_args(argv)
    if arguments.dataset not in READERS:
        hint = nearest(arguments.dataset, READERS)
        raise ConfigError(f"unknown dataset '{arguments.dataset}'{hint}")
    splits = _read(arguments.dataset, arguments.raw)
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        for split, records in splits.items():
            unified.write(arguments.out / f"{split}.json", _relative(records, arguments.out))
    except OSError as error:
        raise DataError(f"{arguments.out}: cannot be written: {error.strerror}") from error
    Console().print(_table(splits))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tools/prepare_data.py",
        description="Read a raw dataset in its official layout, check every line and image, and "
        "write OUT/<split>.json in MMOCR's unified format. Images stay where they are; the JSON "
        "names them relative to OUT.",
    )
    parser.add_argument("dataset", help=f"name of the dataset: {', '.join(sorted(READERS))}")
    parser.add_argument("--raw", type=Path, required=True, help="folder of the raw dataset")
    parser.add_argument("--out", type=Path, required=True, help="folder for the JSON files")
    return parser


def _read(dataset: str, raw: Path) -> dict[str, list[ImageRecord]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks = {}

        def advance(split: str, done: int, total: int) -> None:
            if split not in tasks:
                tasks[split] = bar.add_task(split, total=total)
            bar.update(tasks[split], completed=done)

        return READERS[dataset](raw, advance)


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
