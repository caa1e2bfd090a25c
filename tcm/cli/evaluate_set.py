"""What one set of files is scored by: a protocol, on what was found, on words, in characters."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tcm.cli.image_folder import ImageFolder
from tcm.cli.parsers.evaluate import SetParser
from tcm.config import override
from tcm.errors import ConfigError, nearest
from tcm.evaluation.cleval import CLEval, CLEvalEndToEnd
from tcm.evaluation.foreign import sources
from tcm.evaluation.foreign.output import SystemOutput, dropped_notes
from tcm.evaluation.foreign.vlm import Range
from tcm.evaluation.foreign.words import split_lines
from tcm.evaluation.protocol import DetectionProtocol
from tcm.evaluation.protocols import build_protocol
from tcm.evaluation.reading.spotting import SpottingMatch, hallucinated
from tcm.evaluation.scores import Scores
from tcm.evaluation.spotting_protocol import TextProtocol
from tcm.yaml_files import check_tree, read_yaml

_GIVEN, _CUT, _CHARACTERS = "as delivered", "cut into words", "CLEval, as delivered"


class Result(NamedTuple):
    """What was scored.

    Attributes:
        title: Tells it from others, empty if it is the only one.
        protocol: The name of the protocol.
        scores: What the protocol has given.
        images: The folder of its images, if one is known.
    """

    title: str
    protocol: str
    scores: Any
    images: ImageFolder | None


def read_sets(path: Path) -> dict[str, argparse.Namespace]:
    """Return the sets of a YAML file by their titles: options of the command, without dashes.

    Paths are relative to the file's folder.

    Raises:
        ConfigError: There is no such file or no set in it, or an option is unknown, missing or has
            a wrong value; the text names the file, the set and the option.
    """
    content = read_yaml(path)
    if not content:
        raise ConfigError(f"{path}: no set in it")
    return {
        title: _read_set(options, path, f"{path}: {title}") for title, options in content.items()
    }


def score_set(title: str, args: argparse.Namespace) -> Iterator[Result]:
    """Yield the results of a set: one, or with ``--words both`` three.

    Raises:
        ConfigError: An unknown protocol or option, or three are wanted of what has one.
        DataError: A file or a line is not as the protocol wants it.
    """
    protocol = build_protocol(args.protocol, _options(args.option))
    images = ImageFolder(args.images, protocol.image_id) if args.images else None
    if args.source is None:
        scores = protocol.evaluate_archives(args.gt, _own(args), args.strict)
        yield Result(title, args.protocol, scores, images)
        return
    texts = sources.read(args.source, args.pred, _how(args, images))
    given = SystemOutput(texts)
    outputs = {"": split_lines(texts) if args.words == "split" else given}
    if args.words == "both":
        outputs = {_GIVEN: given, _CUT: split_lines(texts)}
    for name, found in outputs.items():
        scores = protocol.evaluate_archives(args.gt, found, args.strict)
        notes = [*scores.notes, *found.notes, *dropped_notes(texts), *_invented(args, scores)]
        yield Result(_joined(title, name), args.protocol, replace(scores, notes=notes), images)
    if args.words == "both":
        name, scores = _by_characters(protocol, args, given)
        yield Result(_joined(title, _CHARACTERS), name, scores, images)


def _by_characters(
    protocol: Any, args: argparse.Namespace, found: SystemOutput
) -> tuple[str, Scores]:
    """Return the name and the scores of CLEval, on both sides as the protocol has read them."""
    if not isinstance(protocol, DetectionProtocol):
        raise ConfigError(f"--words both: CLEval has no part in {args.protocol}")
    images, _ = protocol.load(args.gt, found, args.strict)
    if not any(any(image.truths.texts or []) for image in images):
        raise ConfigError(f"--words both: CLEval counts characters, and {args.gt} has no texts")
    reads = isinstance(protocol, TextProtocol)
    form: Literal["quads", "polygons"] = "quads" if protocol.quads else "polygons"
    cleval = CLEvalEndToEnd(form=form) if reads else CLEval(form=form)
    scores = cleval.score(images)
    return "cleval-e2e" if reads else "cleval", replace(
        scores, notes=[*cleval.text_notes(), *scores.notes]
    )


def _invented(args: argparse.Namespace, scores: Any) -> list[str]:
    """Return a line on the words that a model has made up, where texts are compared."""
    matches = scores.images
    if args.source != "vlm" or not all(isinstance(one, SpottingMatch) for one in matches or [None]):
        return []
    count, words = hallucinated(matches)
    return [f"hallucinated, words that are no text of their image: {count} of {words}"]


def _joined(title: str, name: str) -> str:
    return ", ".join(filter(None, (title, name)))


def _own(args: argparse.Namespace) -> Path:
    """Return the path of detections in the protocol's own form."""
    if len(args.pred) > 1:
        raise ConfigError(f"--pred: one path is wanted without --from, got {len(args.pred)}")
    for option in ("words", "ids", "box_range", "malformed"):
        if getattr(args, option) not in (None, "given", "pixels", "refuse"):
            name = option.replace("_", "-")
            raise ConfigError(f"--{name} is about what other systems have saved: give --from")
    return Path(args.pred[0])


def _how(args: argparse.Namespace, images: ImageFolder | None) -> sources.How:
    given = None
    if args.box_range != "pixels":
        given = Range(float(args.box_range), None if images is None else images.size)
    return sources.How(args.ids, given, "drop" if args.malformed == "drop" else None)


def _read_set(options: Any, path: Path, place: str) -> argparse.Namespace:
    if not isinstance(options, dict):
        raise ConfigError(f"{place}: options are wanted, a line each")
    parser = SetParser()
    arguments: list[str] = []
    for name, value in options.items():
        if name not in parser.names:
            raise ConfigError(f"{place}: unknown option '{name}'{nearest(name, parser.names)}")
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(one, str | int) for one in values):
            raise ConfigError(f"{place}.{name}: a text or a list of texts is wanted")
        groups = [[one] for one in values] if name == "option" else [values]
        arguments += [word for group in groups for word in (f"--{name}", *map(str, group))]
    try:
        args = parser.parse_args(arguments)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from error
    args.gt = path.parent / args.gt
    args.pred = [path.parent / one for one in args.pred]
    args.images = path.parent / args.images if args.images else None
    if args.ids and "{}" not in args.ids:
        args.ids = str(path.parent / args.ids)
    return args


def _options(texts: Sequence[str]) -> dict[str, Any]:
    """Return ``key=value`` texts as a mapping; a dotted key reaches into a mapping."""
    options: dict[str, Any] = {}
    for text in texts:
        if not text.partition("=")[0].strip() or "=" not in text:
            raise ConfigError(f"--option {text}: 'key=value' is wanted")
        override(options, text, "--option")
    check_tree(options, "--option")
    return options
