"""Run the fuzzer; exit with 1 if it found anything."""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.reliability.fuzz import targets
from tests.reliability.fuzz.minimise import LIMIT_S, answers_within, minimised
from tests.reliability.fuzz.worker import input_of

REGRESSIONS = Path(__file__).parents[1] / "regressions"
_START_S = 120.0  # for a worker to be ready
_SLOW_S = 5.0  # worth telling


@dataclass
class Result:
    """What became of a target's inputs."""

    target: str
    done: int = 0
    slowest_s: float = 0.0
    finds: dict[str, list[int]] = field(default_factory=dict)  # numbers of inputs by what happened
    texts: dict[str, str] = field(default_factory=dict)


def main(arguments: list[str]) -> int:
    """Run."""
    args = _parse(arguments)
    known = targets()
    unknown = set(args.targets or known) - set(known)
    if unknown:
        print(f"no such target: {', '.join(unknown)}; known: {', '.join(known)}")
        return 2
    names = args.targets or list(known)
    end = time.monotonic() + 60 * args.minutes
    each = -(-args.inputs // len(names))
    with ThreadPoolExecutor(args.jobs) as pool:
        results = list(pool.map(lambda name: _fuzz(name, args.seed, each, end), names))
    for result in results:
        print(f"{result.target:16} {result.done:6} inputs, slowest {result.slowest_s:.2f} s")
        for what, numbers in result.finds.items():
            print(f"  {len(numbers):4} x {what}: {result.texts.get(what, '')}")
            print(f"       {_keep(result.target, args.seed, numbers[0], args.minimise)}")
    done, found = sum(r.done for r in results), sum(len(r.finds) for r in results)
    print(f"{done} inputs, seed {args.seed}: {found} finds")
    return 1 if found else 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.fuzz")
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--targets", nargs="*")
    parser.add_argument("--minimise", type=float, default=30, help="seconds for each find")
    return parser.parse_args(arguments)


def _fuzz(name: str, seed: int, count: int, end: float) -> Result:
    """Feed a target its inputs; a worker that dies or hangs is followed by another."""
    result = Result(name)
    number = 0
    while number < count and time.monotonic() < end:
        with tempfile.TemporaryDirectory() as folder:
            number = _batch(result, seed, number, count, end, folder)
    return result


def _batch(result: Result, seed: int, start: int, stop: int, end: float, folder: str) -> int:
    """Run a worker to its end; return the number of the first input that it did not take."""
    arguments = [result.target, str(seed), str(start), str(stop), folder]
    command = [sys.executable, "-m", "tests.reliability.fuzz.worker", *arguments]
    worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    number, begun, limit = start, False, _START_S
    try:
        while time.monotonic() < end:
            if not answers_within(worker, limit):
                _note(result, number, "hang")
                return number + 1
            line = worker.stdout.readline()
            if not line:
                status = worker.wait()
                if status == 0:
                    return stop
                if not begun:
                    raise RuntimeError(f"{result.target}: its worker does not start ({status})")
                _note(result, number, f"death ({status})")
                return number + 1
            answer = json.loads(line)
            begun, limit = True, LIMIT_S if "at" in answer else _START_S
            number = answer.get("at", number)
            if "done" in answer:
                result.done += 1
                result.slowest_s = max(result.slowest_s, answer["s"])
                if "find" in answer:
                    _note(result, number, answer["find"], answer.get("text", ""))
                elif answer["s"] > _SLOW_S:
                    print(f"{result.target} {number}: {answer['s']:.1f} s", flush=True)
        return stop
    finally:
        worker.kill()
        worker.wait()


def _note(result: Result, number: int, what: str, text: str = "") -> None:
    if what not in result.finds:
        print(f"{result.target} {number}: {what} {text}", flush=True)
    result.finds.setdefault(what, []).append(number)
    result.texts.setdefault(what, text)


def _keep(name: str, seed: int, number: int, seconds: float) -> Path:
    """Write a minimised find among the regressions and return its path."""
    with tempfile.TemporaryDirectory() as folder:
        seeds = targets()[name].seeds(Path(folder))
        file, content = input_of(name, seeds, str(seed), number)
        content = minimised(name, content, file, Path(folder), seconds)
    path = REGRESSIONS / name / hashlib.sha256(content).hexdigest()[:8] / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
