"""The commands of ``tcm data`` for word recognition: LMDBs, word crops, raw word sets."""

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tcm.cli.parsers.prepare_words import LABEL_FILES, LMDB_SETS, WORD_SETS, parse
from tcm.cli.progress import bars
from tcm.cli.terminal import plain, say
from tcm.data.formats import icdar2015_words, iiit5k, openocr, unified
from tcm.data.formats.word_crops import WordSplits
from tcm.data.prepare import crops, lmdb_check
from tcm.data.storage import lmdb_files
from tcm.data.storage.images import read_bytes
from tcm.data.storage.label_files import LabelLine, read_labels, write_labels
from tcm.errors import DataError
from tcm.files import link_file, make_folder

_READERS: dict[str, Callable[..., WordSplits]] = {
    "iiit5k": iiit5k.read,
    "icdar2015-words": icdar2015_words.read,
}
_LISTED = 20  # broken words printed
_SIDE_BY_SIDE = 16  # characters of the histogram in a line


def main(argv: list[str]) -> int:
    """Run one of the commands; return 1 if ``lmdb-info`` finds broken words.

    Raises:
        ConfigError: An option cannot be used.
        DataError: Data is missing, malformed or damaged, or cannot be written.
    """
    arguments = parse(argv)
    commands = dict.fromkeys(WORD_SETS, _convert) | dict.fromkeys(LMDB_SETS, _link)
    commands |= {"lmdb": _pack, "lmdb-info": _info, "crops": _crop}
    return commands[arguments.command](arguments)


def _convert(arguments: argparse.Namespace) -> int:
    read, benchmark = _READERS[arguments.command], WORD_SETS[arguments.command]
    with bars() as advance:
        splits = read(arguments.raw, advance)
    table = Table("split", "words", "longest")
    for split, words in splits.items():
        if arguments.write != "lmdb":
            _write_files(arguments.out, split, words)
        if arguments.write != "files":
            _report(_write_lmdb(arguments.out / "lmdb" / split / benchmark, words))
        table.add_row(
            Text(plain(split)), str(len(words)), str(max(len(word.text) for word in words))
        )
    Console().print(table)
    return 0


def _link(arguments: argparse.Namespace) -> int:
    with bars() as advance:
        found = openocr.read(arguments.raw, arguments.command, advance)
    table = Table("split", "LMDB", "words", "published")
    for part, folder, words in found:
        link_file(folder / "data.mdb", arguments.out / "lmdb" / part.split / part.name / "data.mdb")
        table.add_row(part.split, part.name, str(words), str(part.words or "-"))
    Console().print(table)
    return 0


def _pack(arguments: argparse.Namespace) -> int:
    file = _label_file(arguments.labels)
    lines = read_labels(file, arguments.form)
    root = file.parent if arguments.img_root is None else arguments.img_root
    words = [LabelLine(str(root / line.path), line.text) for line in lines]
    problems = _write_lmdb(arguments.out, words)
    say(f"{arguments.out}: {len(words) - len(problems)} words written, {len(problems)} left out")
    _report(problems)
    return 0


def _info(arguments: argparse.Namespace) -> int:
    folders = lmdb_files.find_lmdbs(arguments.root)
    with bars() as advance:
        reports = [
            lmdb_check.inspect_lmdb(folder, not arguments.no_decode, advance) for folder in folders
        ]
    table = Table("LMDB", "words", "broken", "characters", "longest")
    for report in reports:
        longest = f"{len(report.longest)}: {report.longest[:40]}"
        counts = (str(report.words), str(len(report.broken)), str(len(report.characters)))
        cells = (os.path.relpath(report.folder, arguments.root), *counts, longest)
        table.add_row(*(Text(plain(cell)) for cell in cells))
    Console().print(table)
    for report in reports:
        _print_characters(report)
    broken = [f"{report.folder}/{line}" for report in reports for line in report.broken]
    _report(broken)
    return 1 if broken else 0


def _crop(arguments: argparse.Namespace) -> int:
    records = unified.read_predictions(arguments.ann, arguments.img_root, arguments.exif)
    with bars() as advance:
        cut = crops.cut_words(
            records, arguments.out, arguments.mode, arguments.padding, advance, arguments.exif
        )
    left = "".join(f", {count} {reason}" for reason, count in sorted(cut.left_out.items()))
    say(f"{arguments.out}: {len(cut.labels)} words cut; left out: {left.lstrip(', ') or 'none'}")
    return 0


def _label_file(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = next((path / name for name in LABEL_FILES if (path / name).is_file()), None)
    if found is None:
        raise DataError(f"{path}: there is none of {', '.join(LABEL_FILES)}")
    return found


def _write_files(out: Path, split: str, words: Sequence[LabelLine]) -> None:
    make_folder(out)
    base = out.resolve()
    lines = [
        LabelLine(Path(os.path.relpath(Path(word.path).resolve(), base)).as_posix(), word.text)
        for word in words
    ]
    write_labels(out / f"{split}.txt", lines)


def _write_lmdb(folder: Path, words: Sequence[LabelLine]) -> list[str]:
    return lmdb_files.write_words(folder, ((_reader(word.path), word.text) for word in words))


def _reader(path: str) -> Callable[[], np.ndarray]:
    return lambda: read_bytes(path)


def _print_characters(report: lmdb_check.LMDBReport) -> None:
    say(f"{report.folder.name}: characters")
    counts = [f"{character!r} {n}" for character, n in report.characters.most_common()]
    for start in range(0, len(counts), _SIDE_BY_SIDE):
        say("  " + "  ".join(counts[start : start + _SIDE_BY_SIDE]))


def _report(lines: Sequence[str]) -> None:
    for line in lines[:_LISTED]:
        say(f"  {line}")
    if len(lines) > _LISTED:
        say(f"  ... and {len(lines) - _LISTED} more")
