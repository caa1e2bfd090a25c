"""``tcm data export --to TOOL PREDICTIONS --out PATH``: predictions for people to correct."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.outputs import Outputs
from tcm.cli.parsers.export_labels import parse
from tcm.cli.progress import bars
from tcm.cli.terminal import say
from tcm.data.prepare import preannotate
from tcm.data.prepare.preannotate import Predicted
from tcm.errors import ConfigError
from tcm.files import write_text

_SHOWN = 5  # of the least certain images
_ORDER = Path("order.txt")


def main(arguments: list[str]) -> int:
    """Run the command.

    Raises:
        ConfigError: An option that the tool does not have.
        DataError: The predictions are malformed, or an image is missing.
        OutputError: A file cannot be written, or would replace one that is not ours.
    """
    args = parse(arguments)
    if args.served is not None and args.tool != "labelstudio":
        raise ConfigError(f"{args.tool} has no option --served")
    with bars() as advance:
        found = preannotate.predictions(args.file, args.order, args.img_root, args.exif, advance)
    outputs = Outputs([args.file, *(one.path for one in found)])
    {"ppocrlabel": _ppocrlabel, "labelstudio": _labelstudio, "labelme": _labelme}[args.tool](
        found, args, outputs
    )
    words = sum(len(one.instances) for one in found)
    say(f"{args.out}: {len(found):,} images, {words:,} words")
    for one in found[:_SHOWN]:
        if one.certainty is not None:
            say(f"  {_line(one)}")
    return 0


def _ppocrlabel(found: list[Predicted], args: argparse.Namespace, outputs: Outputs) -> None:
    outputs.file("--out", args.out)
    with outputs.writing(args.out) as path:
        preannotate.to_ppocrlabel(found, path)


def _labelstudio(found: list[Predicted], args: argparse.Namespace, outputs: Outputs) -> None:
    outputs.file("--out", args.out)
    with outputs.writing(args.out) as path:
        preannotate.to_labelstudio(found, path, args.served or _common(found))


def _labelme(found: list[Predicted], args: argparse.Namespace, outputs: Outputs) -> None:
    names = [*preannotate.labelme_names(found), _ORDER]
    *paths, order = outputs.files("--out", args.out, names)
    for one, path in zip(found, paths, strict=True):
        with outputs.writing(path):
            preannotate.to_labelme(one, path)
    with outputs.writing(order):  # labelme itself goes by the names
        write_text(order, "".join(f"{_line(one)}\n" for one in found))


def _common(found: Sequence[Predicted]) -> Path:
    return Path(os.path.commonpath([one.path.resolve().parent for one in found]))


def _line(one: Predicted) -> str:
    certainty = "-" if one.certainty is None else f"{one.certainty:.3f}"
    return f"{certainty} {one.path}"
