"""Readers as options of the command line want them."""

import argparse
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tcm.cli.terminal import plain
from tcm.data.datasets.dataset import Dataset
from tcm.errors import ConfigError
from tcm.inference.reading.chain import Chain, Failure, Picture
from tcm.inference.reading.detection import Views
from tcm.inference.reading.recognition import Straightening
from tcm.inference.reading.runner import DetectorRunner
from tcm.reader.text_reader import ImageReader, ObjectFinder, WordReader, load
from tcm.shipped import find_weights
from tcm.structures import Sample, TextInstances

_NO_PIXELS = np.zeros((0, 0, 3), np.uint8)


def reader_of(args: argparse.Namespace, detector: DetectorRunner | None = None) -> ImageReader:
    """Return the reader that options want.

    Args:
        args: Those of `add_reading_arguments` and of ``tcm read``.
        detector: In place of that of the options.

    Raises:
        CheckpointError: A model cannot be loaded.
        ConfigError: The options contradict each other, or a model is of the other kind.
    """
    if detector is None:
        finder = _loaded(args, args.detector or find_weights("detector"), {})
        if not isinstance(finder, ImageReader):
            raise ConfigError(f"--detector {args.detector}: holds a {finder.kind}")
        detector = finder.chain.detector
    path = args.recognizer
    if args.no_recognizer and (path or args.set):
        raise ConfigError("--no-recognizer: --recognizer and --set go without it")
    if path is None and not args.no_recognizer and (args.set or not detector.reads):
        path = find_weights("recognizer")
    reader = None if path is None else _loaded(args, path, settings(args.set))
    if reader is not None and not isinstance(reader, WordReader):
        raise ConfigError(f"--recognizer {path}: holds a {reader.kind}")
    return chained(args, detector, reader)


def chained(
    args: argparse.Namespace, detector: DetectorRunner, reader: WordReader | None
) -> ImageReader:
    """Return models as a reader.

    Args:
        args: Those of `add_reading_arguments`.
        detector: What finds words.
        reader: What reads them; None if nothing or the spotter does.
    """
    views, how = Views(args.max_side, args.tile), Straightening(args.rectify, args.margin)
    recognizer = None if reader is None else reader.runner
    chain = Chain(detector, recognizer, views, how, args.batch_size)
    return ImageReader(chain, args.min_confidence)


def read_samples(
    reader: ImageReader, dataset: Dataset, count: int
) -> Iterator[tuple[Sample, TextInstances]]:
    """Yield the first images of a dataset with the words that a reader found.

    Raises:
        TCMError: An image cannot be read.
    """
    begun: deque[Sample] = deque()

    def pictures() -> Iterator[Picture]:
        for index in range(count):
            sample = dataset.load(index)
            begun.append(replace(sample, image=_NO_PIXELS, size=sample.size, index=index))
            yield Picture(sample.path, sample.image, partial(_image, dataset, index))

    for result in reader.stream(pictures()):
        if isinstance(result, Failure):
            raise result.error
        yield begun.popleft(), result.instances


def _image(dataset: Dataset, index: int) -> np.ndarray:
    return dataset.load(index).image


def settings(options: list[str]) -> dict[str, Any]:
    """Return what ``--set`` says: JSON values, others as texts.

    Raises:
        ConfigError: An option is no ``KEY=VALUE``.
    """
    found = {}
    for option in options:
        key, equals, text = option.partition("=")
        if not (equals and key):
            raise ConfigError(f"--set {plain(option)}: KEY=VALUE is wanted")
        try:
            found[key] = json.loads(text)
        except ValueError:
            found[key] = text
    return found


def _loaded(
    args: argparse.Namespace, path: str | Path, changes: dict[str, Any]
) -> ImageReader | WordReader | ObjectFinder:
    return load(path, None, None, args.device, args.precision, args.compile, **changes)
