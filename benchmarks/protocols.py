"""CPU seconds that each protocol takes for the 500 test images of ICDAR2015.

    python -m benchmarks.protocols --data DATA

scores a saved output of the scoreboard, words, by every protocol as `tcm evaluate` does: reading
both sides from files, matching, figures. Both are unified JSON, which every protocol of scenes
takes; `ltb` gets the ground truth as all of its fifteen annotation files. The best of the repeats
counts.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.scoreboard import saved
from tcm.annotations.ltb import PARTS
from tcm.evaluation.files.unified import write_predictions
from tcm.evaluation.foreign import sources
from tcm.evaluation.foreign.output import instances
from tcm.evaluation.foreign.words import split_lines
from tcm.evaluation.icdar2015_e2e import ICDAR2015EndToEnd
from tcm.evaluation.protocols import PROTOCOLS, build_protocol
from tcm.structures import TextInstances

_TRUTHS = "icdar2015/Challenge4_Test_Task1_GT"
_OPTIONS: dict[str, dict[str, Any]] = {"dota-task1": {"classes": ["text"]}}
_NAME = "{}.jpg"
_OTHERS = ("ocrbench-v2-answers", "words")  # of questions, of crops
_ALL = [name for name in PROTOCOLS if name not in _OTHERS]


def main(arguments: Sequence[str]) -> int:
    """Print a table."""
    args = _parse(arguments)
    print(f"starting, once a command: {time.process_time():.2f} CPU seconds\n")
    print("| protocol | CPU seconds | figure that ranks |\n| --- | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        gt, pred = _files(Path(folder), args)
        for name in args.protocols:
            path = _parts(Path(folder) / "ltb", gt) if name == "ltb" else gt
            times = []
            for _ in range(args.repeats):
                start = time.process_time()
                scores = build_protocol(name, _OPTIONS.get(name)).evaluate_archives(path, pred)
                times.append(time.process_time() - start)
            *_, last = scores.headline.values()
            print(f"| {name} | {min(times):.2f} | {last:.4f} |", flush=True)
    return 0


def _files(folder: Path, args: argparse.Namespace) -> tuple[Path, Path]:
    """Write both sides as unified JSON."""
    protocol = ICDAR2015EndToEnd()
    truths = {
        name: TextInstances(list(side.polygons), list(side.texts or []), side.ignored)
        for name, side in protocol.read_truths(args.data / _TRUTHS).items()
    }
    images = split_lines(sources.read("rapidocr", [args.output])).images
    found = {protocol.image_id(Path(one.name).stem): instances(one.texts, "") for one in images}
    paths = folder / "truths.json", folder / "found.json"
    for path, side in zip(paths, (truths, found), strict=True):
        write_predictions(path, [_NAME.format(name) for name in side], list(side.values()))
    return paths


def _parts(folder: Path, gt: Path) -> Path:
    """Write the ground truth as the annotation files of LTB."""
    folder.mkdir()
    for part in PARTS:
        (folder / f"challenging_{part}.json").write_bytes(gt.read_bytes())
    return folder


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument(
        "--output",
        type=Path,
        default=saved.path_of("tcm", "icdar2015"),
        help="saved output of the scoreboard",
    )
    parser.add_argument("--protocols", nargs="+", choices=_ALL, default=_ALL)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
