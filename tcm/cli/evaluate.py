"""``tcm evaluate --protocol NAME --gt PATH --pred PATH``: score files by a protocol."""

import argparse
from typing import Any

from tcm.cli.evaluate_set import Result, read_sets, score_set
from tcm.cli.outputs import Outputs
from tcm.cli.parsers.evaluate import parse
from tcm.cli.scores_page import Part, page
from tcm.cli.terminal import say
from tcm.errors import ConfigError
from tcm.evaluation.report.outcomes import outcomes_of
from tcm.files import whole, write_json


def main(arguments: list[str]) -> int:
    """Run the command.

    Raises:
        ConfigError: An unknown protocol or option.
        DataError: A file or a line is not as the protocol wants it.
        OutputError: A report cannot be written, or would replace a file that is not ours.
    """
    args = parse(arguments)
    sets = _sets(args)
    outputs = Outputs([path for one in sets.values() for path in (one.gt, *one.pred)])
    for one in sets.values():
        if one.images and not args.html and one.box_range == "pixels":
            raise ConfigError("--images is for the pictures of --html and for --box-range")
    for option in ("json", "html"):
        if getattr(args, option):
            outputs.file(f"--{option}", getattr(args, option))
    results = [result for title, one in sets.items() for result in score_set(title, one)]
    parts = [_part(result, len(results) == 1) for result in results] if args.html else []
    _print(results)
    if args.json:
        with outputs.writing(args.json) as path:
            write_json(path, _report(results))
    if args.html:
        with outputs.writing(args.html) as path, whole(path) as file:
            file.writelines(page(_title(args), parts, args.pictures))
    return 0


def _sets(args: argparse.Namespace) -> dict[str, argparse.Namespace]:
    """Return what is scored by its title, which is empty of a single set."""
    if not args.sets:
        return {"": args}
    for option in ("protocol", "gt", "pred", "source", "images"):
        if getattr(args, option):
            name = "from" if option == "source" else option
            raise ConfigError(f"--{name} is an option of each set: write it in {args.sets}")
    return read_sets(args.sets)


def _title(args: argparse.Namespace) -> str:
    if args.sets:
        return str(args.sets.stem)
    return f"{', '.join(pred.name for pred in args.pred)} by {args.protocol}"


def _part(result: Result, alone: bool) -> Part:
    """Return a result as the page shows it; one without pairs of texts not alone."""
    try:
        outcomes = outcomes_of(result.scores)
    except ConfigError:
        if alone:
            raise
        outcomes = None
    return Part(result.title, result.scores, outcomes, result.images)


def _print(results: list[Result]) -> None:
    if len(results) == 1:
        say(*results[0].scores.details())
        return
    width = max(len(result.title) for result in results)
    for result in results:
        figures = "  ".join(f"{k} {v:.4f}" for k, v in result.scores.headline.items())
        say(f"{result.title:<{width}}  {figures}")
    for result in results:
        rule, *lines = result.scores.details()
        say("", f"{result.title}: {rule}", *lines)


def _report(results: list[Result]) -> dict[str, Any]:
    reports = [
        {"protocol": one.protocol, **one.scores.as_report(), "notes": list(one.scores.notes)}
        for one in results
    ]
    if len(results) == 1:
        return reports[0]
    titles = [{"title": result.title} for result in results]
    return {"results": [title | one for title, one in zip(titles, reports, strict=True)]}
