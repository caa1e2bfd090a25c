"""The commands of ``prepare_data.py`` for word recognition: LMDBs, word crops, raw word sets."""

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
from rich.console import Console
from rich.table import Table

from tcm.cli.exif import add_exif_argument
from tcm.cli.progress import bars
from tcm.data.formats import icdar2015_words, iiit5k, unified
from tcm.data.formats.word_crops import WordSplits
from tcm.data.prepare import crops, lmdb_check
from tcm.data.storage import lmdb_files
from tcm.data.storage.images import read_bytes
from tcm.data.storage.label_files import Form, LabelLine, read_labels, write_labels
from tcm.errors import DataError

# Raw datasets by command: the reader, and the name of the benchmark for the LMDBs' folders.
WORD_SETS: dict[str, tuple[Callable[..., WordSplits], str]] = {
    "iiit5k": (iiit5k.read, "IIIT5k"),
    "icdar2015-words": (icdar2015_words.read, "IC15"),
}
COMMANDS = (*WORD_SETS, "lmdb", "lmdb-info", "crops")
_LABEL_FILES = ("labels.txt", "labels.jsonl", "labels.json", "gt.txt")
_LISTED = 20  # broken words printed
_SIDE_BY_SIDE = 16  # characters of the histogram in a line


def main(argv: list[str]) -> int:
    """Run one of the commands; return 1 if ``lmdb-info`` finds broken words.

    Raises:
        ConfigError: An option cannot be used.
        DataError: Data is missing, malformed or damaged, or cannot be written.
    """
    arguments = _parser().parse_args(argv)
    return arguments.run(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools/prepare_data.py")
    commands = parser.add_subparsers(required=True)
    for name in WORD_SETS:
        _add_word_set(commands, name)
    _add_lmdb(commands)
    info = commands.add_parser("lmdb-info", help="look into LMDBs of word crops")
    info.add_argument("root", type=Path, help="folder; all LMDBs at and below it are read")
    info.add_argument("--no-decode", action="store_true", help="read labels only, which is quick")
    info.set_defaults(run=_info)
    _add_crops(commands)
    return parser


def _add_word_set(commands: argparse._SubParsersAction, name: str) -> None:
    parser = commands.add_parser(
        name,
        help="read a raw set of word crops",
        description="Read the raw word crops, decode every image, write OUT/<split>.txt of lines "
        f"path, tab, text, and OUT/lmdb/<split>/{WORD_SETS[name][1]}/data.mdb.",
    )
    parser.add_argument("--raw", type=Path, required=True, help="folder of the raw dataset")
    parser.add_argument("--out", type=Path, required=True, help="folder for the result")
    parser.add_argument("--write", choices=("both", "files", "lmdb"), default="both")
    parser.set_defaults(run=_convert, name=name)


def _add_lmdb(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "lmdb",
        help="write an LMDB from a label file",
        description="Write OUT/data.mdb, as PARSeq and CLIP4STR read it, from a label file of "
        "lines 'path text', path-tab-text, 'path, \"text\"', or JSON.",
    )
    parser.add_argument(
        "--labels", type=Path, required=True, help=f"the file, or a folder with {_LABEL_FILES[0]}"
    )
    parser.add_argument("--img-root", type=Path, help="folder of the images (default: the file's)")
    parser.add_argument("--form", default="auto", choices=get_args(Form), help="of the lines")
    parser.add_argument("--out", type=Path, required=True, help="folder for data.mdb")
    parser.set_defaults(run=_pack)


def _add_crops(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "crops",
        help="cut the words of an annotation file",
        description="Cut every word that has a text and is not ignored from the scenes of an "
        "annotation file, into OUT/images and OUT/labels.txt.",
    )
    parser.add_argument("--ann", type=Path, required=True, help="unified JSON")
    parser.add_argument("--img-root", type=Path, help="folder of the images (default: the file's)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the result")
    parser.add_argument(
        "--mode", choices=crops.MODES, default="box", help="bounding boxes, or straightened words"
    )
    parser.add_argument("--padding", type=float, default=0.0, help="pixels around a box")
    add_exif_argument(parser)
    parser.set_defaults(run=_crop)


def _convert(arguments: argparse.Namespace) -> int:
    read, benchmark = WORD_SETS[arguments.name]
    with bars() as advance:
        splits = read(arguments.raw, advance)
    table = Table("split", "words", "longest")
    for split, words in splits.items():
        if arguments.write != "lmdb":
            _write_files(arguments.out, split, words)
        if arguments.write != "files":
            _report(_write_lmdb(arguments.out / "lmdb" / split / benchmark, words))
        table.add_row(split, str(len(words)), str(max(len(word.text) for word in words)))
    Console().print(table)
    return 0


def _pack(arguments: argparse.Namespace) -> int:
    file = _label_file(arguments.labels)
    lines = read_labels(file, arguments.form)
    root = file.parent if arguments.img_root is None else arguments.img_root
    words = [LabelLine(str(root / line.path), line.text) for line in lines]
    problems = _write_lmdb(arguments.out, words)
    print(f"{arguments.out}: {len(words) - len(problems)} words written, {len(problems)} left out")
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
        table.add_row(os.path.relpath(report.folder, arguments.root), *counts, longest)
    Console().print(table)
    for report in reports:
        _print_characters(report)
    broken = [f"{report.folder}/{line}" for report in reports for line in report.broken]
    _report(broken)
    return 1 if broken else 0


def _crop(arguments: argparse.Namespace) -> int:
    records = unified.read(arguments.ann, arguments.img_root)
    with bars() as advance:
        cut = crops.cut_words(
            records, arguments.out, arguments.mode, arguments.padding, advance, arguments.exif
        )
    left = "".join(f", {count} {reason}" for reason, count in sorted(cut.left_out.items()))
    print(f"{arguments.out}: {len(cut.labels)} words cut; left out: {left.lstrip(', ') or 'none'}")
    return 0


def _label_file(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = next((path / name for name in _LABEL_FILES if (path / name).is_file()), None)
    if found is None:
        raise DataError(f"{path}: there is none of {', '.join(_LABEL_FILES)}")
    return found


def _write_files(out: Path, split: str, words: Sequence[LabelLine]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{out}: cannot be written: {error.strerror}") from error
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
    print(f"{report.folder.name}: characters")
    counts = [f"{character!r} {n}" for character, n in report.characters.most_common()]
    for start in range(0, len(counts), _SIDE_BY_SIDE):
        print("  " + "  ".join(counts[start : start + _SIDE_BY_SIDE]))


def _report(lines: Sequence[str]) -> None:
    for line in lines[:_LISTED]:
        print(f"  {line}")
    if len(lines) > _LISTED:
        print(f"  ... and {len(lines) - _LISTED} more")
