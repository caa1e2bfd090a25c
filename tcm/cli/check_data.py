"""Look for mistakes in an annotation file and its images (``prepare_data.py check FILE``)."""

import argparse
from collections import defaultdict
from pathlib import Path

from tcm.cli.exif import add_exif_argument
from tcm.cli.progress import bars
from tcm.data.prepare.check import Finding, find_mistakes


def main(argv: list[str] | None = None) -> int:
    """List what is wrong with an annotation file, by kind; return 1 if anything is.

    Raises:
        DataError: The file is missing, no JSON, empty or not of this format at all.
    """
    arguments = _parser().parse_args(argv)
    with bars() as advance:
        findings = find_mistakes(arguments.file, arguments.img_root, advance, arguments.exif)
    _print(findings, arguments.limit)
    if not findings:
        print(f"{arguments.file}: nothing found")
    return 1 if any(finding.is_mistake for finding in findings) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tools/prepare_data.py check",
        description="Look for mistakes in an annotation file in MMOCR's unified format: malformed "
        "entries, missing, damaged and duplicate images, wrong sizes, polygons of fewer than 3 "
        "points, self-intersecting or outside the image, empty texts. Exit status 1 if there are "
        "any. Images with an EXIF orientation are listed too, which is no mistake.",
    )
    parser.add_argument("file", type=Path, help="the JSON file")
    parser.add_argument(
        "--img-root", type=Path, help="folder of the images (default: the JSON file's)"
    )
    add_exif_argument(parser)
    parser.add_argument(
        "--limit", type=int, default=20, help="lines printed of a kind, 0 for all (default: 20)"
    )
    return parser


def _print(findings: list[Finding], limit: int) -> None:
    lines = defaultdict(list)
    for finding in findings:
        lines[finding.kind].append(finding.line)
    for kind, found in lines.items():
        print(f"{kind}: {len(found)}")
        for line in found[: limit or None]:
            print(f"  {line}")
        if limit and len(found) > limit:
            print(f"  ... and {len(found) - limit} more")
