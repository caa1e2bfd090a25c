"""The options of ``tcm evaluate``."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, get_args

from tcm.cli.parsers.options import (
    add_debug_argument,
    at_least,
    command_parser,
    read_options,
)
from tcm.errors import ConfigError
from tcm.evaluation.files.archives import Strict
from tcm.evaluation.protocols import PROTOCOLS

SOURCES = (
    *("rapidocr", "paddleocr", "doctr", "easyocr", "mmocr"),
    *("adelaidet", "detectron2-json", "unified", "vlm"),
)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "evaluate",
        "evaluate",
        "Score detections or texts by the rules of a benchmark, offline. PATH is a zip "
        "or a folder with a text file per image, or a JSON: MMOCR's unified one or the "
        "benchmark's own. With --from it is what another system has saved.",
        [
            "--protocol totaltext-deteval --gt gt.zip --pred detections.zip --option tr=0.8 "
            "--option tp=0.4",
            "--protocol icdar2015-e2e --gt gt.zip --pred submit.zip --option lexicon=strong "
            "--option lexicon_path=lexicons",
            "--protocol icdar2015-e2e --gt gt.zip --from rapidocr --pred rapidocr.jsonl "
            "--words both",
            "--protocol words --gt data/words --pred found.json",
        ],
    )
    parser.add_argument(
        "--sets",
        type=Path,
        metavar="FILE",
        help="a YAML file of several: a title each, and under it the options below that have no "
        "place in common, paths from the file's folder",
    )
    _add_set(parser, required="--sets" not in (text.partition("=")[0] for text in arguments))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures and counts")
    parser.add_argument(
        "--html",
        type=Path,
        metavar="FILE",
        help="write a page that needs nothing else: figures by height, turn and length of texts, "
        "and with --images misses and false alarms as pictures beside the ground truth",
    )
    parser.add_argument(
        "--pictures",
        type=at_least(0),
        default=24,
        metavar="N",
        help="most pictures of a kind in the page, of more cases some (default: 24)",
    )
    add_debug_argument(parser)
    return read_options(parser, arguments)


class SetParser(argparse.ArgumentParser):
    """Reads what is scored by one protocol from a file; a mistake is an error, no exit."""

    def __init__(self) -> None:
        super().__init__(add_help=False, allow_abbrev=False)
        _add_set(self, required=True)

    @property
    def names(self) -> list[str]:
        """The options without their dashes."""
        return [option.removeprefix("--") for option in self._option_string_actions]

    def error(self, message: str) -> NoReturn:
        """Raise a ConfigError."""
        raise ConfigError(message)


def _add_set(parser: argparse.ArgumentParser, required: bool) -> None:
    """Add the options of what is scored by one protocol."""
    parser.add_argument(
        "--protocol", required=required, metavar="NAME", help=", ".join(sorted(PROTOCOLS))
    )
    parser.add_argument("--gt", required=required, type=Path, metavar="PATH", help="ground truth")
    parser.add_argument(
        "--pred",
        required=required,
        nargs="+",
        type=Path,
        metavar="PATH",
        help="detections; with --from one or several files, folders or zips",
    )
    _add_source(parser)
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="an argument of the protocol, such as iou=0.7; may be given several times",
    )
    parser.add_argument(
        "--strict",
        choices=get_args(Strict),
        default="submission",
        help="what must be as the official script wants it; otherwise other forms are taken where "
        "they can be read in one way only, and a line says so (default: submission)",
    )
    parser.add_argument("--images", type=Path, metavar="DIR", help="folder of the images")


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from",
        dest="source",
        choices=SOURCES,
        help="the system that has saved --pred: a JSON file an image that is named like it, or "
        'objects {"image": NAME, "result": OUTPUT}, one a line or in a list',
    )
    parser.add_argument(
        "--words",
        choices=("given", "split", "both"),
        default="given",
        help="split: score words where the system finds lines, each split at blanks and cut along "
        "its long side by the number of characters; both: the texts as they are, the words, and "
        "CLEval of the texts as they are (default: given, the texts as they are)",
    )
    parser.add_argument(
        "--ids",
        metavar="NAMES",
        help="adelaidet and detectron2-json: the images' names with {} for their ids, such as "
        "img_{}, or a JSON file: a COCO annotation file or an object from ids to names",
    )
    parser.add_argument(
        "--box-range",
        choices=("pixels", "1", "1000"),
        default="pixels",
        help="vlm: what boxes are given in, pixels or a range over the whole image, whose size "
        "then stands beside the words or is looked for in --images (default: pixels)",
    )
    parser.add_argument(
        "--malformed",
        choices=("refuse", "drop"),
        default="refuse",
        help="vlm: what becomes of words that are no box and text, and then of boxes out of the "
        "range, without area or there twice; what is dropped is counted (default: refuse)",
    )
