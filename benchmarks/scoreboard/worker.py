"""Reads images with one system, in that system's own environment: ``python -m ...worker READER``.

It needs nothing but that system. A line of its standard input is the path of an image, a line of
its standard output the JSON of what was read there, so that one script can drive several of them in
turn. The first line of output says what runs.
"""

import argparse
import importlib
import json
import os
import sys
import time
from collections.abc import Collection
from importlib.metadata import distributions

_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)


def main() -> None:
    """Read until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", help="a module as those of benchmarks.scoreboard.readers")
    parser.add_argument("task", choices=["scenes", "words"])
    parser.add_argument("--options", default="{}", help="JSON, what the reader takes")
    args = parser.parse_args()
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    # Whatever a package prints goes to standard error: standard output is ours.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    module = importlib.import_module(args.reader)
    options = json.loads(args.options)
    read = module.scenes(**options) if args.task == "scenes" else module.words(**options)
    versions = _packages(getattr(module, "PACKAGES", ()))
    about = {"python": sys.version.split()[0], "packages": versions}
    answers.write(json.dumps(about) + "\n")
    for line in sys.stdin:
        path = line.rstrip("\n")
        start = time.process_time()
        found = read(path)
        milliseconds = round(1000 * (time.process_time() - start), 2)
        answers.write(json.dumps({"cpu_ms": milliseconds, **found}, ensure_ascii=False) + "\n")


def _packages(names: Collection[str]) -> dict[str, str]:
    """Return the versions of what is installed, of `names` alone if there are some, by name.

    The first place is the folder of this repository, which is no part of an environment.
    """
    found = {one.metadata["Name"]: one.version for one in distributions(path=sys.path[1:])}
    return {name: found[name] for name in sorted(found) if name in names or not names}


if __name__ == "__main__":
    main()
