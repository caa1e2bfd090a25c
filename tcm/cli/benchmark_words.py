"""``tcm benchmark words A B``: what reading word crops costs, and how many are read right."""

import argparse
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from tcm.cli.readers import settings
from tcm.cli.terminal import say
from tcm.data.loading.pipeline import Pipeline
from tcm.errors import ConfigError
from tcm.inference.onnx import open_folder
from tcm.inference.reading.runner import RecognizerRunner
from tcm.inference.reading.sizes import Crops
from tcm.inputs import is_dir
from tcm.reader.opening import open_runner
from tcm.registry import DATASETS

Labelled = tuple[list[np.ndarray], list[str]]  # crops (h, w, 3) and their texts


def words(args: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Print a table of recognizers that read the same words in turn; return its figures."""
    torch.set_num_threads(1)
    changes = settings(args.set)
    runners = {path: _opened(path, changes) for path in args.models}
    sets = {path: _words(runner.crop, args.words) for path, runner in runners.items()}
    seconds: dict[str, list[float]] = {path: [] for path in runners}
    right: dict[str, int] = {}
    for _ in range(args.rounds):
        for path, runner in runners.items():
            spent, right[path] = _read(runner, sets[path], args.batch)
            seconds[path].append(spent)
    rows = [[path, min(seconds[path]) / args.words, right[path] / args.words] for path in runners]
    say(
        f"{args.words} words, batch {args.batch}, one thread, {' '.join(args.set) or 'as exported'}"
    )
    say("| model | CPU ms a word | ratio | word accuracy |", "| --- | ---: | ---: | ---: |")
    for path, each, share in rows:
        say(f"| {path} | {1000 * each:.2f} | {each / rows[0][1]:.2f} | {share:.3f} |")
    return {path: {"seconds_a_word": each, "word_accuracy": share} for path, each, share in rows}


def _opened(path: str, changes: Mapping[str, Any]) -> RecognizerRunner:
    """Return what reads with a model, on one thread.

    Raises:
        ConfigError: It is no recognizer.
    """
    if is_dir(path):
        runner = open_folder(path, device="cpu", threads=1, **changes)
    else:
        runner = open_runner(path, device="cpu", precision="float32", changes=changes)
    if not isinstance(runner, RecognizerRunner):
        raise ConfigError(f"{path}: a recognizer is wanted")
    return runner


def _words(crop: Crops, count: int) -> Labelled:
    config = {"type": "SyntheticWords", "length": count, "seed": 1, "charset": 36}
    easy = {"word_length": [2, 5], "styles": ["straight", "rotated", "perspective"]}
    dataset = DATASETS.build({**config, **easy, "max_angle_deg": 5})
    warp = {"type": "Warp", "interpolation": crop.interpolation}
    pipeline = Pipeline(dataset, [crop.resizing(), warp])
    samples = [pipeline[i] for i in range(count)]
    texts = [sample.instances.texts[0] or "" for sample in samples]
    return [sample.image for sample in samples], texts


def _read(runner: RecognizerRunner, labelled: Labelled, batch: int) -> tuple[float, int]:
    """Return the seconds of the processor that reading takes, and how many words are right."""
    crops, texts = labelled
    start = time.process_time()
    found = [reading.text for reading in runner.read_all(crops, batch)]
    spent = time.process_time() - start
    return spent, sum(a.lower() == b.lower() for a, b in zip(found, texts, strict=True))
