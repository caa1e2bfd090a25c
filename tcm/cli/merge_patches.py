"""``tcm data merge DIR --rule RULE --out OUT``: detections in patches to those on whole images."""

from pathlib import Path

from tcm.annotations import dota
from tcm.cli.outputs import Outputs
from tcm.cli.parsers.merge_patches import parse
from tcm.cli.terminal import say
from tcm.data.prepare.merge import merge
from tcm.errors import DataError
from tcm.evaluation.files.archives import read_archive
from tcm.evaluation.files.results import LARGEST, TASK1
from tcm.files import write_text
from tcm.geometry.merge_rules import IOUS

_DECIMALS = 6  # of coordinates: what a division by a rate leaves


def main(arguments: list[str]) -> int:
    """Run the command.

    Raises:
        DataError: There are no results, a line is malformed, or a name is no patch's of the rule.
        OutputError: A file cannot be written, or would replace one that is not ours.
    """
    args = parse(arguments)
    files = read_archive(args.results, TASK1, "refuse", strict=False, limit=LARGEST)
    if not files:
        raise DataError(f"{args.results}: there is no Task1_CLASS.txt")
    outputs = Outputs([args.results, *(args.results / f"Task1_{name}.txt" for name in files)])
    names = [Path(f"Task1_{name}.txt") for name in files]
    paths = outputs.files("--out", args.out, names)
    before = after = 0
    for path, file in zip(paths, files.values(), strict=True):
        found = dota.read_detections(file, strict=False)
        try:
            merged = merge(found, args.rule, args.iou)
        except DataError as error:
            raise DataError(f"{file.source}: {error}") from error
        before, after = before + len(found.images), after + len(merged.images)
        with outputs.writing(path):
            write_text(path, dota.detection_lines(merged, _DECIMALS))
    threshold = IOUS[args.rule] if args.iou is None else args.iou
    say(
        f"{args.out}: {before:,} detections in patches, {after:,} on whole images, "
        f"rule {args.rule}, overlaps above {threshold:g} suppressed"
    )
    return 0
