"""``tcm evaluate --protocol NAME --gt PATH --pred PATH``: score files by a protocol."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tcm.cli.image_folder import ImageFolder
from tcm.cli.outputs import Outputs
from tcm.cli.parsers.evaluate import parse
from tcm.cli.scores_page import page
from tcm.cli.terminal import say
from tcm.config import override
from tcm.errors import ConfigError
from tcm.evaluation.foreign import sources
from tcm.evaluation.foreign.output import SystemOutput
from tcm.evaluation.foreign.vlm import Range
from tcm.evaluation.foreign.words import split_lines
from tcm.evaluation.protocols import build_protocol
from tcm.evaluation.report.outcomes import outcomes_of
from tcm.files import whole, write_json
from tcm.yaml_files import check_tree


def main(arguments: list[str]) -> int:
    """Run the command.

    Raises:
        ConfigError: An unknown protocol or option.
        DataError: A file or a line is not as the protocol wants it.
        OutputError: The JSON cannot be written, or would replace a file that is not ours.
    """
    args = parse(arguments)
    protocol = build_protocol(args.protocol, _options(args.option))
    outputs = Outputs([args.gt, *args.pred])
    if args.images and not args.html and args.box_range == "pixels":
        raise ConfigError("--images is for the pictures of --html and for --box-range")
    for option in ("json", "html"):
        if getattr(args, option):
            outputs.file(f"--{option}", getattr(args, option))
    images = ImageFolder(args.images, protocol.image_id) if args.images else None
    found = _found(args, images)
    scores = protocol.evaluate_archives(args.gt, found, args.strict)
    if isinstance(found, SystemOutput):
        scores = replace(scores, notes=[*scores.notes, *found.notes])
    outcomes = outcomes_of(scores) if args.html else []
    say(*scores.details())
    if args.json:
        content = {"protocol": args.protocol, **scores.as_report(), "notes": list(scores.notes)}
        with outputs.writing(args.json) as path:
            write_json(path, content)
    if args.html:
        with outputs.writing(args.html) as path, whole(path) as file:
            title = f"{', '.join(pred.name for pred in args.pred)} by {args.protocol}"
            file.writelines(page(title, scores, outcomes, images, args.pictures))
    return 0


def _found(args: argparse.Namespace, images: ImageFolder | None) -> Path | SystemOutput:
    """Return the detections: their file, or what another system has saved."""
    if args.source is None:
        if len(args.pred) > 1:
            raise ConfigError(f"--pred: one path is wanted without --from, got {len(args.pred)}")
        for option in ("words", "ids", "box_range"):
            if getattr(args, option) not in (None, "given", "pixels"):
                name = option.replace("_", "-")
                raise ConfigError(f"--{name} is about what other systems have saved: give --from")
        return Path(args.pred[0])
    given = None
    if args.box_range != "pixels":
        given = Range(float(args.box_range), None if images is None else images.size)
    texts = sources.read(args.source, args.pred, sources.How(args.ids, given))
    return split_lines(texts) if args.words == "split" else SystemOutput(texts)


def _options(texts: Sequence[str]) -> dict[str, Any]:
    """Return ``key=value`` texts as a mapping; a dotted key reaches into a mapping."""
    options: dict[str, Any] = {}
    for text in texts:
        if not text.partition("=")[0].strip() or "=" not in text:
            raise ConfigError(f"--option {text}: 'key=value' is wanted")
        override(options, text, "--option")
    check_tree(options, "--option")
    return options
