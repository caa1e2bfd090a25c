"""Times two systems in turn, image by image: ``python -m benchmarks.scoreboard.race -h``.

Each runs in its own process on one thread and reports the CPU time of that process for an image;
starting up and the first images do not count. What else runs on the machine slows both alike, so
that the ratio stays.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.scoreboard.systems import SETS, SYSTEMS, lookup
from benchmarks.scoreboard.workers import Worker, note, parse_options, prepare
from tcm import files


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    args = _parse(arguments)
    test_set = lookup(args.set, SETS, "set")
    images = test_set.images(args.data)[:: args.every][: args.warmup + args.images]
    with ExitStack() as stack:
        workers = []
        for name, texts in ((args.first, args.first_option), (args.second, args.second_option)):
            system = lookup(name, SYSTEMS, "system")
            python = prepare(system, args.environments, name)
            worker = Worker(python, system, test_set.task, parse_options(texts))
            workers.append(stack.enter_context(worker))
        times = race(workers, images)[args.warmup :]
    print(report([args.first, args.second], times))
    if args.json:
        content = {"systems": [args.first, args.second], "set": args.set, "cpu_ms": times}
        files.write_json(args.json, content)
    return 0


def race(workers: Sequence[Worker], images: Sequence[Path]) -> list[list[float]]:
    """Return the CPU milliseconds of each worker for each image, who goes first changing."""
    times = []
    for count, path in enumerate(images):
        turn = range(len(workers)) if count % 2 == 0 else reversed(range(len(workers)))
        cost = {index: workers[index].read(path)["cpu_ms"] for index in turn}
        times.append([round(cost[index], 2) for index in range(len(workers))])
        if (count + 1) % 20 == 0:
            note(f"{count + 1} of {len(images)} images")
    return times


def report(names: Sequence[str], times: Sequence[Sequence[float]]) -> str:
    """Return the medians and means of the two, and the ratios of the first to the second."""
    columns = list(zip(*times, strict=True))
    lines = [
        f"{name}: median {median(column):.1f}, mean {sum(column) / len(column):.1f} ms of CPU time"
        for name, column in zip(names, columns, strict=True)
    ]
    ratios = [first / second for first, second in times]
    total = sum(columns[0]) / sum(columns[1])
    said = f"{names[0]} / {names[1]} on {len(times)} images"
    return "\n".join([*lines, f"{said}: {total:.3f} in all, median {median(ratios):.3f}"])


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", help=f"one of {', '.join(SYSTEMS)}")
    parser.add_argument("second")
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--set", default="icdar2015", help=", ".join(SETS))
    parser.add_argument("--environments", type=Path, default=Path(".scoreboard"))
    parser.add_argument("--every", type=int, default=1, help="take one image of so many")
    parser.add_argument("--images", type=int, default=50, help="that count")
    parser.add_argument("--warmup", type=int, default=2, help="images before those that count")
    parser.add_argument("--first-option", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--second-option", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--json", type=Path, help="write the times of every image")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
