"""``tcm benchmark read``: what a reader takes for an image, from the file to the text."""

import argparse
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from tcm.cli.terminal import say
from tcm.data.synth.dataset import SyntheticText
from tcm.errors import ConfigError
from tcm.inference.onnx.session import Session
from tcm.inference.reading.chain import Chain, Picture
from tcm.inference.reading.detection import detect
from tcm.inference.reading.recognition import crops_of, read_words
from tcm.inference.reading.results import Word, result_of
from tcm.inference.reading.runner import DetectorRunner, Reading, RecognizerRunner
from tcm.inference.visualize import write_image
from tcm.inputs import is_dir
from tcm.reader.pictures import read_picture
from tcm.reader.sources import files_of
from tcm.reader.text_reader import TextReader, WordReader, load

STAGES = ("file", "detection", "crops", "recognition", "order")
_UNFOLDED = "unfolded"  # behind a checkpoint: its batch norms are not folded


class _Case:
    """A reader, and the times of its stages for each round."""

    def __init__(self, spec: str, args: argparse.Namespace) -> None:
        self.name = spec
        parts = [_loaded(part, args) for part in spec.split(",")]
        if len(parts) > 2 or isinstance(parts[0], WordReader):
            raise ConfigError(f"--reader {spec}: DETECTOR or DETECTOR,RECOGNIZER is wanted")
        self.chain = parts[0].chain if len(parts) == 1 else TextReader(*parts).chain
        self.rounds: list[dict[str, float]] = []
        self.words = 0

    def run(self, files: list[str]) -> None:
        """Read the files stage by stage, then in one go, and note the milliseconds an image."""
        seconds = dict.fromkeys([*STAGES, "networks", "chain"], 0.0)
        with _networks(self.chain, seconds):
            self.words = sum(self._stages(file, seconds) for file in files)
        start = time.process_time()
        pictures = (Picture(file, read_picture(file), lambda: np.zeros(0)) for file in files)
        for _ in self.chain.run(pictures):
            pass
        seconds["chain"] = time.process_time() - start
        self.rounds.append({name: 1e3 * value / len(files) for name, value in seconds.items()})

    def ms(self, name: str) -> float:
        """Return the median over the rounds."""
        return median(one[name] for one in self.rounds)

    def _stages(self, file: str, seconds: dict[str, float]) -> int:
        """Read a file, adding up what each stage takes; return its number of words."""
        chain = self.chain
        image = _timed(seconds, "file", lambda: read_picture(file))
        found = _timed(seconds, "detection", lambda: detect(chain.detector, image, chain.views))
        texts = found.texts
        readings = [Reading(text or "", 1.0) for text in texts]
        if chain.recognizer is not None:
            recognizer = chain.recognizer
            crops = _timed(
                seconds,
                "crops",
                lambda: crops_of(image, found, recognizer, chain.how, chain.detector.reads),
            )
            (readings,) = _timed(
                seconds,
                "recognition",
                lambda: read_words(recognizer, [crops], chain.batch),
            )
        words = [
            Word(p, r.text, 1.0, r.confidence)
            for p, r in zip(found.polygons, readings, strict=True)
        ]
        _timed(seconds, "order", lambda: result_of(file, image.shape[:2], words))
        return len(words)


def read(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Run the command and return every timing."""
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    with tempfile.TemporaryDirectory() as folder:
        files = files_of(args.images) if args.images else _scenes(Path(folder), args.synthetic)
        cases = [_Case(spec, args) for spec in args.reader]
        for _ in range(args.rounds + 1):
            for case in cases:
                case.run(files)
    for case in cases:
        del case.rounds[0]  # the first one warms up
    say(
        f"{platform.machine()}, {len(files)} images, ms of one core an image, median of "
        f"{args.rounds} runs in turn"
    )
    say(*_table(cases))
    return [{"name": c.name, "words": c.words, "rounds": c.rounds} for c in cases]


def _loaded(part: str, args: argparse.Namespace) -> Any:
    path, _, mark = part.partition(":")
    if mark and mark != _UNFOLDED:
        raise ConfigError(f"--reader {part}: ':{_UNFOLDED}' is all that may follow a path")
    if is_dir(path):
        return load(path, device="cpu", threads=1)
    return load(path, device="cpu", fold=not mark)


def _timed(seconds: dict[str, float], name: str, call: Callable[[], Any]) -> Any:
    start = time.process_time()
    result = call()
    seconds[name] += time.process_time() - start
    return result


@contextmanager
def _networks(chain: Chain, seconds: dict[str, float]) -> Iterator[None]:
    """Add up the time that is spent inside of the networks alone."""
    runners: list[DetectorRunner | RecognizerRunner] = [chain.detector]
    runners += [chain.recognizer] if chain.recognizer else []
    models = [runner.model for runner in runners if hasattr(runner, "model")]
    owners = [(model, "outputs") for model in models] or [(Session, "__call__")]
    originals = [getattr(owner, name) for owner, name in owners]
    for (owner, name), original in zip(owners, originals, strict=True):

        def timed(*args: Any, _original: Any = original, **kwargs: Any) -> Any:
            return _timed(seconds, "networks", lambda: _original(*args, **kwargs))

        setattr(owner, name, timed)
    try:
        yield
    finally:
        for (owner, name), original in zip(owners, originals, strict=True):
            setattr(owner, name, original)


def _scenes(folder: Path, count: int) -> list[str]:
    """Write synthetic scenes of 736x1280 pixels."""
    scenes = SyntheticText(
        length=count,
        size=(736, 1280),
        seed=5,
        charset=36,
        word_length=(2, 5),
        words_per_image=(10, 10),
    )
    for index in range(count):
        write_image(folder / f"{index}.jpg", scenes.load(index).image)
    return [str(folder / f"{index}.jpg") for index in range(count)]


def _table(cases: list[_Case]) -> list[str]:
    head = ["reader", "images/s", *STAGES, "networks", "chain", "chain/networks", "ratio", "words"]
    rows = [head, ["---"] + ["---:"] * (len(head) - 1)]
    for case in cases:
        chain, networks = case.ms("chain"), case.ms("networks")
        rows.append(
            [
                case.name,
                f"{1e3 / chain:.2f}",
                *(f"{case.ms(stage):.1f}" for stage in (*STAGES, "networks")),
                f"{chain:.1f}",
                f"{chain / networks:.3f}",
                f"{chain / cases[0].ms('chain'):.3f}",
                str(case.words),
            ]
        )
    return ["| " + " | ".join(row) + " |" for row in rows]
