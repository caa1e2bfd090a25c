"""The options of ``tcm data import``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.parsers.options import (
    add_debug_argument,
    add_exif_argument,
    command_parser,
    finite,
)

TOOLS = ("labelme", "coco", "ppocrlabel", "labelstudio", "cvat", "rrc", "via")


def share(text: str) -> float:
    """Read a share of all, more than none and less than all."""
    value = finite(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"a number between 0 and 1 is wanted, got '{text}'")
    return value


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "data import",
        description="Read one's own labels, check every region and image, and write an annotation "
        "file in MMOCR's unified format, which names the images relative to itself. What cannot "
        "be taken is counted by name at the end; what is malformed is an error.",
        examples=["--from ppocrlabel photos --out data/mine/labels.json --split 0.9"],
    )
    parser.add_argument("raw", type=Path, metavar="DIR", help="folder of the labels, or their file")
    parser.add_argument("--from", dest="tool", required=True, choices=TOOLS, help="who wrote them")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the JSON file")
    parser.add_argument(
        "--split",
        type=share,
        metavar="SHARE",
        help="write FILE_train.json with about this share of the images and FILE_val.json with the "
        "others; an image keeps its side when others are added",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the split (default: 0)")
    parser.add_argument(
        "--images", type=Path, metavar="DIR", help="folder of the images (default: the labels')"
    )
    _add_fields(parser)
    parser.add_argument(
        "--predictions",
        action="store_true",
        help="labelstudio: take a model's prediction where nobody has annotated a task",
    )
    add_exif_argument(parser)
    add_debug_argument(parser)
    return parser.parse_args(arguments)


def _add_fields(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--text",
        action="append",
        default=[],
        metavar="KEY",
        help="where a region's text stands, such as description or attributes.text; the first of "
        "several that it has (default: labelme label; coco text, utf8_string, transcription or "
        "these in attributes; labelstudio transcription, else the only text area; cvat and via "
        "text, transcription)",
    )
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="KEY[=VALUE]",
        help="what makes a region don't-care, besides the text ###: a key that is true or has the "
        "value; any of several (default: labelme difficult, flags.ignore, flags.difficult; coco "
        "iscrowd, ignore, attributes.ignore, legibility=illegible; ppocrlabel difficult, "
        "transcription=*; labelstudio labels=ignore; cvat ignore, label=ignore; via ignore)",
    )
