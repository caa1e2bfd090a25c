"""``tcm read IMAGES``: the text in photos, PDF pages and video frames."""

import sys
import time
from pathlib import Path

from tcm.cli.parsers.read import parse
from tcm.cli.read_output import ReadOutput
from tcm.cli.readers import reader_of
from tcm.cli.terminal import plain
from tcm.errors import ConfigError
from tcm.inference.reading.chain import Failure
from tcm.reader.sources import files_of, pictures_of

_TICK_S = 0.5  # between two lines of progress


def main(arguments: list[str]) -> int:
    """Run the command."""
    args = parse(arguments)
    for name in ("show_maps", "no_pictures", "resume"):
        if getattr(args, name) and args.out is None:
            raise ConfigError(f"--{name.replace('_', '-')} needs --out")
    if args.html and args.resume:
        raise ConfigError("--html holds what a run has read: it goes without --resume")
    if args.out and not args.no_pictures:
        from tcm.inference.labels import load_font  # needs Pillow, which reading does not

        load_font(args.font, 1)  # a wrong file is an error now and not after the first image
    files = files_of(args.images)
    output = ReadOutput(args, files)
    reader = reader_of(args)
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
