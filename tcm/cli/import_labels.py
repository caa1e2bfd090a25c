"""``tcm data import --from TOOL DIR --out FILE``: one's own labels as an annotation file."""

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.outputs import Outputs
from tcm.cli.parsers.import_labels import parse
from tcm.cli.progress import bars
from tcm.cli.terminal import say
from tcm.data.formats import label_tools, unified
from tcm.data.formats.label_tools import Options
from tcm.data.formats.unified import ImageRecord
from tcm.data.prepare.split import split_by_name


def main(arguments: list[str]) -> int:
    """Run the command.

    Raises:
        ConfigError: An option that the tool does not have.
        DataError: Labels or images are missing, malformed or damaged.
        OutputError: A file cannot be written, or would replace one that is not ours.
    """
    args = parse(arguments)
    paths = _outputs(args)
    outputs = Outputs([args.raw])
    for path in paths:
        outputs.file("--out", path)
    options = Options(
        text=tuple(args.text),
        ignore=tuple(args.ignore),
        images=args.images,
        predictions=args.predictions,
        exif=args.exif,
        passed_over=paths,
    )
    with bars() as advance:
        labelled = label_tools.read(args.raw, args.tool, options, advance)
    for path, records in zip(paths, _parts(labelled.records, args), strict=True):
        with outputs.writing(path):
            unified.write(path, unified.relative(records, path.parent))
        say(f"{path}: {_counts(records)}")
    say(f"left out: {_listed(labelled.left_out)}")
    return 0


def _outputs(args: argparse.Namespace) -> list[Path]:
    if args.split is None:
        return [args.out]
    return [args.out.with_name(f"{args.out.stem}_{part}.json") for part in ("train", "val")]


def _parts(records: list[ImageRecord], args: argparse.Namespace) -> Sequence[list[ImageRecord]]:
    if args.split is None:
        return [records]
    root = args.images or args.raw
    base = (root if root.is_dir() else root.parent).resolve()
    names = [os.path.relpath(Path(record.img_path).resolve(), base) for record in records]
    return split_by_name(records, [Path(n).as_posix() for n in names], args.split, args.seed)


def _counts(records: Sequence[ImageRecord]) -> str:
    words = sum(len(record.instances) for record in records)
    texts = sum(text is not None for record in records for text in record.instances.texts)
    ignored = sum(int(record.instances.ignored.sum()) for record in records)
    counts = f"{len(records):,} images, {words:,} words, {texts:,} with a text"
    return f"{counts}, {ignored:,} ignored"


def _listed(left_out: Counter[str]) -> str:
    parts = [f"{count:,} {what}" for what, count in sorted(left_out.items()) if count]
    return ", ".join(parts) or "nothing"
