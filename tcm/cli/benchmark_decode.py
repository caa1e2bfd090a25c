"""``tcm benchmark decode CONFIG...``: what the decoders take for an image."""

import argparse
import platform
import time
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import torch

from tcm.cli.configs import read_config
from tcm.cli.synthetic_batch import synthetic_batch
from tcm.cli.terminal import say
from tcm.contracts import Head
from tcm.errors import ConfigError
from tcm.registry import MODELS

_HEAD_WIDTH = 64  # of the head's input, which is not run


class _Case:
    """A head, predictions of an image that hold some texts, and the times of their decoding."""

    def __init__(self, path: str, size: tuple[int, int], texts: int) -> None:
        config = read_config(path)
        self.name = Path(path).stem
        if "head" not in config["model"]:
            raise ConfigError(
                f"{path}: decode times the heads of detectors, {config['model']['type']} has none; "
                "'benchmark.py model' times a recognizer"
            )
        self.head: Head = MODELS.build(
            config["model"]["head"], "model.head", in_channels=_HEAD_WIDTH
        )
        batch = synthetic_batch(config, size, 1, texts)
        self.predictions = self.head.predictions_of(batch.targets)
        self.sizes = [batch.samples[0].size]
        self.found = 0
        self.ms: list[float] = []

    def run(self) -> None:
        """Decode once and note the time."""
        start = time.perf_counter()
        (found,) = self.head.decode(self.predictions, [np.eye(3)], self.sizes)
        self.ms.append((time.perf_counter() - start) * 1e3)
        self.found = len(found)


def decode(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Run the command and return every timing."""
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    size = tuple(args.size)
    if any(side < 32 or side % 32 for side in size):
        raise ConfigError(f"--size {size[0]} {size[1]}: multiples of 32 are wanted")
    cases = [[_Case(path, size, texts) for texts in args.texts] for path in args.configs]
    for _ in range(args.rounds + 1):
        for row in cases:
            for case in row:
                case.run()
    for row in cases:
        for case in row:
            del case.ms[0]  # the first run warms up
    say(
        f"{platform.machine()}, {size[0]}x{size[1]}, ms an image, median of {args.rounds} runs in "
        f"turn, {args.threads} threads"
    )
    say(*_table(cases, args.texts).splitlines())
    return [
        {"name": case.name, "texts": texts, "found": case.found, "ms": case.ms}
        for row in cases
        for case, texts in zip(row, args.texts, strict=True)
    ]


def _table(cases: list[list[_Case]], texts: list[int]) -> str:
    heads = ["config", *(f"{count} texts" for count in texts), "found"]
    rows = [heads, ["---"] + ["---:"] * (len(heads) - 1)]
    for row in cases:
        times = [f"{median(case.ms):.2f}" for case in row]
        rows.append([row[0].name, *times, ", ".join(str(case.found) for case in row)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
