"""``tools/benchmark.py annotations``: what it takes to open large sets and to share them."""

import argparse
import json
import multiprocessing
import os
import pickle
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tcm.annotations import unified
from tcm.annotations.instance import Instance
from tcm.annotations.unified import ImageEntry
from tcm.data.datasets.lmdb_words import LMDBWords
from tcm.data.datasets.text_dataset import TextDataset
from tcm.data.storage import lmdb_files
from tcm.data.storage.sequences import Lazy

_SIZE = (720, 1280)  # of the images, which are not there
_PAST = 60  # seconds that the files are dated back, since no cache is kept of what is just written
_VOCABULARY = 90_000  # different words
_BOX = np.array([[0, 0], [60, 0], [60, 20], [0, 20]])
_MIB = 2**20

_KINDS: dict[str, Callable[..., Any]] = {"scenes": TextDataset, "words": LMDBWords}
_RUNS = {"first, no cache kept": False, "first, cache written": True, "later, by the cache": True}

Figures = dict[str, float]


def annotations(args: argparse.Namespace) -> int:
    """Run the command."""
    found: dict[str, dict[str, Figures]] = {}
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        if args.images:
            path = Path(name) / "train.json"
            unified.write(path, _entries(args.images, args.instances))
            count = round(args.images * args.instances)
            title = f"{args.images} images, {count} quads, {path.stat().st_size / _MIB:.0f} MiB"
            found[title] = _measure("scenes", path, path, args.workers)
        if args.words:
            path = Path(name) / "words"
            lmdb_files.write_words(path, _words(args.words))
            source = path / "data.mdb"
            title = f"LMDB of {args.words} words, {source.stat().st_size / _MIB:.0f} MiB"
            found[title] = _measure("words", path, source, args.workers)
    for title, rows in found.items():
        print(f"{title}\n{_table(rows)}\n")
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


def _entries(images: int, instances: float) -> Sequence[ImageEntry]:
    """Return the entries of the annotation file, each made when it is written."""

    def make(index: int) -> ImageEntry:
        rng = np.random.default_rng(index)
        count = round((index + 1) * instances) - round(index * instances)
        corners = rng.integers(0, 600, (count, 1, 2)) + _BOX
        quads = corners + rng.integers(-4, 5, corners.shape) / 4
        words = (f"word{number}" for number in rng.integers(0, _VOCABULARY, count))
        found = [Instance(quad, word) for quad, word in zip(quads, words, strict=True)]
        return ImageEntry(f"images/{index // 1000}/{index:08d}.jpg", *_SIZE, found)

    return Lazy(images, make)


def _words(count: int) -> Iterator[tuple[Callable[[], np.ndarray], str]]:
    noise = np.random.default_rng(0).integers(0, 256, (16, 48, 3), np.uint8)
    image = cv2.imencode(".jpg", noise)[1].ravel()
    for number in np.random.default_rng(1).integers(0, _VOCABULARY, count).tolist():
        yield lambda: image, f"word{number}"


def _measure(kind: str, path: Path, source: Path, workers: int) -> dict[str, Figures]:
    """Open a set several times, each time in a process of its own, which imports no torch."""
    then = time.time() - _PAST
    os.utime(source, (then, then))
    found = {}
    for name, cache in _RUNS.items():
        code = f"import {__name__} as module; module.print_figures()"
        command = [sys.executable, "-c", code, kind, str(path), str(int(cache)), str(workers)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        found[name] = json.loads(done.stdout)
    return found


def print_figures() -> None:
    """Print what it takes to open the set that the process's arguments name."""
    kind, path, cache, workers = sys.argv[1:]
    before, start = _status("VmRSS"), time.process_time()
    dataset = _KINDS[kind](path, cache=cache == "1")
    seconds = time.process_time() - start
    resident = _status("VmRSS")
    figures = {
        "CPU s": seconds,
        "resident MiB": resident,
        "of it grown": resident - before,
        "peak MiB": _status("VmHWM"),
        "pickled kB": len(pickle.dumps(dataset)) / 1000,
        "worker's growth MiB": _growth(dataset, int(workers)),
    }
    print(json.dumps(figures))


def _growth(dataset: Any, workers: int) -> float:
    """Return the memory of its own that a forked worker needs to touch every record, the most."""
    context = multiprocessing.get_context("fork")
    ends = [context.Pipe(duplex=False) for _ in range(workers)]
    processes = [context.Process(target=_touch, args=(dataset, end)) for _, end in ends]
    for process in processes:
        process.start()
    grown = [end.recv() for end, _ in ends]
    for process in processes:
        process.join()
    return max(grown)


def _touch(dataset: Any, end: Connection) -> None:
    own = _status("Private_Dirty", "smaps_rollup")
    records = dataset.records if isinstance(dataset, TextDataset) else dataset.labels
    for _ in records:
        pass
    end.send(_status("Private_Dirty", "smaps_rollup") - own)


def _status(key: str, file: str = "status") -> float:
    """Return a figure that Linux gives of this process, in MiB."""
    found = re.search(rf"{key}:\s+(\d+) kB", Path(f"/proc/self/{file}").read_text())
    assert found is not None, f"the kernel does not tell {key}"
    return int(found[1]) / 1024


def _table(rows: dict[str, Figures]) -> str:
    names = list(next(iter(rows.values())))
    lines = [["opened", *names], ["---"] + ["---:"] * len(names)]
    lines += [[name, *(f"{row[key]:.1f}" for key in names)] for name, row in rows.items()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
