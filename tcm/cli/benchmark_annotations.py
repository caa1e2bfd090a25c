"""``tcm benchmark annotations``: what it takes to open large sets and to share them."""

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
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tcm.cli.terminal import say
from tcm.data.datasets.lmdb_words import LMDBWords
from tcm.data.datasets.text_dataset import TextDataset
from tcm.data.storage import lmdb_files
from tcm.errors import ConfigError

_SIZE = (720, 1280)  # of the images, which are not there
_PAST = 60  # seconds that the files are dated back, since no cache is kept of what is just written
_VOCABULARY = 90_000  # different words
_BOX = np.array([[0, 0], [60, 0], [60, 20], [0, 20]])
_MIB = 2**20

_KINDS: dict[str, Callable[..., Any]] = {"scenes": TextDataset, "words": LMDBWords}
_RUNS = {"first, no cache kept": False, "first, cache written": True, "later, by the cache": True}

Figures = dict[str, float]


def annotations(args: argparse.Namespace) -> dict[str, dict[str, Figures]]:
    """Run the command and return every figure."""
    if not (args.images or args.words):
        raise ConfigError("--images or --words: one of them is wanted from 1 on")
    if args.instances < 0:
        raise ConfigError(f"--instances {args.instances:g}: a number from 0 on is wanted")
    if args.folder is not None and not args.folder.is_dir():
        raise ConfigError(f"--folder {args.folder}: no such folder")
    found: dict[str, dict[str, Figures]] = {}
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        if args.images:
            path = Path(name) / "train.json"
            _write(path, args.images, args.instances)
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
        say(title, *_table(rows).splitlines(), "")
    return found


def _write(path: Path, images: int, instances: float) -> None:
    """Write an annotation file in the form of `unified.write`, which takes much longer."""
    ends = np.round(np.arange(images + 1) * instances).astype(int)
    with path.open("w", encoding="utf-8") as file:
        file.write('{"metainfo": {},\n"data_list": [')
        for i, count in enumerate(np.diff(ends).tolist()):
            height, width = _SIZE
            entry = {"img_path": f"images/{i // 1000}/{i:08d}.jpg", "height": height}
            entry |= {"width": width, "instances": _instances(i, count)}
            file.write((",\n" if i else "\n") + json.dumps(entry))
        file.write("\n]}\n")


def _instances(seed: int, count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 600, (count, 1, 2)) + _BOX
    quads = corners + rng.integers(-4, 5, corners.shape) / 4
    boxes = np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1).tolist()
    words = rng.integers(0, _VOCABULARY, count).tolist()
    columns = zip(quads.reshape(count, 8).tolist(), boxes, words, strict=True)
    return [
        {"polygon": polygon, "bbox": box, "bbox_label": 0, "ignore": False, "text": f"word{word}"}
        for polygon, box, word in columns
    ]


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
