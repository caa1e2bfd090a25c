"""``tcm read IMAGES``: the text in photos, PDF pages and video frames."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from tcm.cli.parsers.read import parse
from tcm.cli.read_output import ReadOutput
from tcm.cli.terminal import plain
from tcm.errors import ConfigError
from tcm.inference.reading.chain import Chain, Failure
from tcm.inference.reading.detection import Views
from tcm.reader.shipped import shipped
from tcm.reader.sources import files_of, pictures_of
from tcm.reader.text_reader import ImageReader, TextReader, WordReader, load

_TICK_S = 0.5  # between two lines of progress


def main(arguments: list[str]) -> int:
    """Run the command."""
    args = parse(arguments)
    for name in ("show_maps", "no_pictures", "resume"):
        if getattr(args, name) and args.out is None:
            raise ConfigError(f"--{name.replace('_', '-')} needs --out")
    files = files_of(args.images)
    output = ReadOutput(args, files)
    reader = _reader(args)
    progress = _Progress()
    with output:
        for item in reader.stream(pictures_of(files, args.exif, args.every, output.has)):
            progress.clear()
            if isinstance(item, Failure):
                progress.failed += 1
                sys.stderr.write(f"error: {plain(item.error)}\n")
            else:
                output.write(item, reader)
                progress.read += 1
            progress.show()
    progress.clear()
    progress.report(args.out)
    return 1 if progress.failed else 0


def _reader(args: argparse.Namespace) -> ImageReader:
    """Return the reader that the options want.

    Raises:
        CheckpointError: A model cannot be loaded.
        ConfigError: The options contradict each other, or a model is of the other kind.
    """
    detector = _loaded(args, args.detector or shipped("detector"), {})
    if args.no_recognizer:
        if args.recognizer or args.set:
            raise ConfigError("--no-recognizer: --recognizer and --set go without it")
        if isinstance(detector, WordReader):
            raise ConfigError(f"--detector {args.detector}: holds a recognizer")
        chain = detector.chain
        views = Views(args.max_side, args.tile)
        return ImageReader(Chain(chain.detector, None, views, chain.how, chain.batch))
    recognizer = args.recognizer
    if args.set and recognizer is None:
        recognizer = shipped("recognizer")
    return TextReader(
        detector,  # type: ignore[arg-type]  # a WordReader is refused there
        _loaded(args, recognizer, _settings(args.set)) if recognizer else None,  # type: ignore[arg-type]
        args.device,
        args.precision,
        args.rectify,
        args.margin,
        args.max_side,
        args.tile,
        args.min_confidence,
        args.batch_size,
    )


def _loaded(
    args: argparse.Namespace, path: str | Path, changes: dict[str, Any]
) -> ImageReader | WordReader:
    return load(path, None, None, args.device, args.precision, args.compile, **changes)


def _settings(options: list[str]) -> dict[str, Any]:
    """Return what ``--set`` says: JSON values, others as texts."""
    settings = {}
    for option in options:
        key, equals, text = option.partition("=")
        if not (equals and key):
            raise ConfigError(f"--set {plain(option)}: KEY=VALUE is wanted")
        try:
            settings[key] = json.loads(text)
        except ValueError:
            settings[key] = text
    return settings


class _Progress:
    """A line on the error stream, if that is a terminal, with images and images per second."""

    def __init__(self) -> None:
        self.read = self.failed = 0
        self._start = self._shown = time.monotonic()
        self._wanted = sys.stderr.isatty()

    def show(self) -> None:
        now = time.monotonic()
        if self._wanted and now - self._shown >= _TICK_S:
            self._shown = now
            sys.stderr.write(f"\r{self._count()}")
            sys.stderr.flush()

    def clear(self) -> None:
        if self._wanted:
            sys.stderr.write("\r\x1b[K")

    def report(self, out: Path | None) -> None:
        """Say how many were read, where they went, and how many were not."""
        where = f"; results in {plain(out)}" if out else ""
        if out or self.failed:
            missing = f"; {self.failed} could not be read" if self.failed else ""
            sys.stderr.write(f"{self._count()}{missing}{where}\n")

    def _count(self) -> str:
        seconds = max(time.monotonic() - self._start, 1e-9)
        images = "image" if self.read == 1 else "images"
        return f"{self.read} {images} read, {self.read / seconds:.2f} images/s"
