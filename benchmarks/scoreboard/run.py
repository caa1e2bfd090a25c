"""Runs a system over a set and saves its output: ``python -m benchmarks.scoreboard.run -h``.

A run that was stopped goes on where it was.
"""

import argparse
import datetime
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.scoreboard import saved
from benchmarks.scoreboard.systems import SETS, SYSTEMS, lookup
from benchmarks.scoreboard.workers import Worker, note, parse_options, prepare
from tcm import files
from tcm.errors import DataError

_DIGEST = 12  # hexadecimal digits


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    args = _parse(arguments)
    system, test_set = lookup(args.system, SYSTEMS, "system"), lookup(args.set, SETS, "set")
    whole = test_set.images(args.data)
    images = {path.relative_to(args.data / test_set.folder).as_posix(): path for path in whole}
    names = list(images)[:: args.every]
    options = parse_options(args.option)
    part = args.environments / f"{args.system}_{args.set}.jsonl"
    python = prepare(system, args.environments, args.system)
    with Worker(python, system, test_set.task, options) as worker:
        about = {**worker.about, "options": system.options, "given": _recorded(options)}
        done = _goes_on(part, about)
        for count, name in enumerate(names, 1):
            if name not in done:
                done[name] = {"image": name, **worker.read(images[name])}
                files.append_line(part, saved.as_line(done[name]))
            if count % 50 == 0:
                note(f"{args.system} on {args.set}: {count} of {len(names)}")
    run = {"system": system.title, "weights": system.weights, "set": args.set, "of": len(images)}
    run |= {"date": datetime.date.today().isoformat(), **about}
    target = saved.path_of(args.system, args.set, args.outputs)
    saved.save(target, run, [done[name] for name in names])
    note(f"{target}: {len(names)} images")
    return 0


def _goes_on(part: Path, about: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what an earlier run read, by image; its first line says what ran.

    Raises:
        DataError: Something else ran.
    """
    if not part.exists():
        files.write_text(part, saved.as_line(about) + "\n")
        return {}
    first, *lines = part.read_text(encoding="utf-8").splitlines()
    if json.loads(first) != about:
        raise DataError(f"{part}: of other versions or options; remove it to start anew")
    return {one["image"]: one for one in map(json.loads, lines)}


def _recorded(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as they are saved: of a file or folder its name and a digest."""
    return {key: _digest(value) for key, value in options.items()}


def _digest(value: Any) -> Any:
    path = Path(value) if isinstance(value, str) else None
    if path is None or not path.exists():
        return value
    content = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        content.update(file.read_bytes() if file.is_file() else b"")
    return f"{path.name} (sha256 {content.hexdigest()[:_DIGEST]})"


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system", help=f"one of {', '.join(SYSTEMS)}")
    parser.add_argument("set", help=f"one of {', '.join(SETS)}")
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument(
        "--environments", type=Path, default=Path(".scoreboard"), help="for environments and parts"
    )
    parser.add_argument("--outputs", type=Path, default=saved.FOLDER, help="for the saved output")
    parser.add_argument("--every", type=int, default=1, help="read one image of so many")
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
