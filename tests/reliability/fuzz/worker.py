"""A process that feeds inputs to a target, and tells by lines of JSON what becomes of them.

``worker TARGET SEED START STOP FOLDER`` makes the inputs of these numbers itself. ``worker TARGET
FOLDER`` takes the paths of inputs, one a line.
"""

import contextlib
import json
import logging
import os
import resource
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from tcm.errors import TCMError
from tests.reliability.fuzz import mutations, target

MOST_GROWTH = 2 * 2**30  # bytes
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def main(arguments: list[str]) -> None:
    """Run."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)  # what libraries print
    os.dup2(quiet, 2)
    logging.disable()
    warnings.simplefilter("ignore")
    name, folder = arguments[0], Path(arguments[-1])
    module = target(name)
    seeds = module.seeds(folder)
    for seed in seeds:  # so that whatever is loaded once is loaded
        with contextlib.suppress(TCMError):
            module.run(seed)
    if hasattr(resource, "RLIMIT_AS"):
        limit = _virtual() + MOST_GROWTH
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    made = _given() if len(arguments) == 2 else _made(name, seeds, folder, *arguments[1:4])
    for number, path in made:
        print(json.dumps({"at": number, "name": path.name}), file=answers, flush=True)
        begun = time.monotonic()
        outcome = {"done": number, "s": 0.0, **_outcome(module, path)}
        outcome["s"] = round(time.monotonic() - begun, 3)
        print(json.dumps(outcome), file=answers, flush=True)


def input_of(name: str, seeds: list[Path], seed: str, number: int) -> tuple[str, bytes]:
    """Return the name and the bytes of an input by its number."""
    rng = Random(f"{name} {seed} {number}")
    contents = [path.read_bytes() for path in seeds]
    chosen = rng.randrange(len(seeds))
    return seeds[chosen].name, mutations.mutated(
        contents[chosen], seeds[chosen].name, rng, contents
    )


def beside(folder: Path, name: str) -> Path:
    """Return a folder in that of the seeds, with copies of them: some read others."""
    (folder / name).mkdir(exist_ok=True)
    for file in folder.iterdir():
        if file.is_file():
            shutil.copy(file, folder / name)
    return folder / name


def _made(
    name: str, seeds: list[Path], folder: Path, seed: str, start: str, stop: str
) -> Iterator[tuple[int, Path]]:
    place = beside(folder, "input")
    for number in range(int(start), int(stop)):
        file, content = input_of(name, seeds, seed, number)
        path = place / file
        path.write_bytes(content)
        yield number, path


def _given() -> Iterator[tuple[int, Path]]:
    for number, line in enumerate(sys.stdin):
        yield number, Path(line.rstrip("\n"))


def _outcome(module: Any, path: Path) -> dict[str, str]:
    """Return nothing if all is well, else what was raised and where."""
    try:
        # A command's own output is no part of the test.
        with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
            module.run(path)
    except TCMError as error:
        try:
            str(error).encode("utf-8", "backslashreplace")
        except Exception as other:
            return {"find": f"{type(other).__name__} in the text of a {type(error).__name__}"}
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [f for f in frames if f"{os.sep}tcm{os.sep}" in f.filename] or frames
        place = f"{Path(own[-1].filename).name}:{own[-1].lineno}"
        return {"find": f"{type(error).__name__} at {place}", "text": str(error)[:300]}
    return {}


def _virtual() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * _PAGE


if __name__ == "__main__":
    main(sys.argv[1:])
