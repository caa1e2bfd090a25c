"""What ``tcm read`` leaves: lines of JSON as they come, pictures, a page, a file of predictions."""

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from tcm import inputs
from tcm.annotations import unified
from tcm.annotations.instance import Instance
from tcm.annotations.unified import ImageEntry
from tcm.cli.outputs import Outputs, picture_names
from tcm.cli.terminal import say
from tcm.errors import DataError, OutputError
from tcm.files import append_line, make_folder, whole, write_text
from tcm.inference.reading.report import Report
from tcm.inference.reading.results import ReadResult
from tcm.reader.text_reader import ImageReader

RESULTS, PREDICTIONS = "results.jsonl", "predictions.json"
_MOST = 2**31  # bytes of results that are resumed


class ReadOutput:
    """Where results go; use it as a context.

    Args:
        args: The options of the command.
        files: What is read.

    Raises:
        OutputError: A place cannot be written to, or holds what is not ours.
        DataError: The results that are resumed are no results.
    """

    def __init__(self, args: argparse.Namespace, files: Sequence[str]) -> None:
        self.args = args
        self._outputs = Outputs([*files, *filter(None, (args.detector, args.recognizer))])
        self._stack = ExitStack()
        self._report: Report | None = None
        self._done: set[str] = set()
        self._alone = len(files) == 1
        if args.html:
            self._outputs.file("--html", args.html)
        if args.out:
            self._results = args.out / RESULTS
            self._plan(files)

    def __enter__(self) -> "ReadOutput":
        if self.args.out:
            make_folder(self.args.out)
            lines = [f"{json.dumps(line, ensure_ascii=False)}\n" for line in self._kept]
            write_text(self._results, "".join(lines))
        if self.args.html:
            path = self._stack.enter_context(self._outputs.writing(self.args.html))
            self._report = Report(self._stack.enter_context(whole(path, "w")))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._report and error is None:
            self._report.close()
        self._stack.__exit__(kind, error, traceback)
        if self.args.out:
            self._outputs.note(self._results)
            if error is None:
                with self._outputs.writing(self.args.out / PREDICTIONS) as path:
                    unified.write(path, [_entry(line) for line in _lines(self._results)])

    def has(self, name: str) -> bool:
        """Tell whether there is a result of an image already."""
        return name in self._done

    def write(self, result: ReadResult, reader: ImageReader) -> None:
        """Write what was read in a picture.

        Args:
            result: What was read.
            reader: What has read it, for its maps.
        """
        pictured = self.args.out and not self.args.no_pictures
        if self._report or pictured:
            image = result.image()  # of a file it is read again, and once
            if self._report:
                self._report.add(result, image)
            if pictured:
                self._draw(result, image, reader)
        if self.args.out:
            append_line(self._results, result.to_json())
        else:
            say(*([] if self._alone else [f"{result.name}:"]), *result.text.splitlines())

    def _plan(self, files: Sequence[str]) -> None:
        out, resume = self.args.out, self.args.resume
        there = inputs.exists(self._results)
        try:
            self._outputs.file("--out", self._results, resumed=resume)
        except OutputError as error:
            hint = "; --resume goes on with it" if there and not resume else ""
            raise OutputError(f"{error}{hint}") from error
        self._outputs.file("--out", out / PREDICTIONS)
        self._pictures = dict(zip(files, picture_names(files), strict=True))
        if not self.args.no_pictures:
            self._outputs.files("--out", out, self._pictures.values())
        self._kept = list(_lines(self._results)) if resume and there else []
        self._done = {line["image"] for line in self._kept}

    def _draw(self, result: ReadResult, image: np.ndarray, reader: ImageReader) -> None:
        # These need Pillow, which reading does not.
        from tcm.inference.map_pictures import draw_maps
        from tcm.inference.visualize import draw_words, write_image

        picture = self._picture(result.name)
        drawn = draw_words(image, result.words, self.args.font)
        self._write_image(picture, drawn, write_image)
        maps = reader.maps(image) if self.args.show_maps else {}
        if maps:
            name = picture.with_name(f"{picture.stem}.maps.jpg")
            self._write_image(name, draw_maps(image, maps), write_image)

    def _write_image(self, name: Path, image: np.ndarray, write: Any) -> None:
        (path,) = self._outputs.files("--out", self.args.out, [name])
        with self._outputs.writing(path):
            write(path, image)

    def _picture(self, name: str) -> Path:
        """Return the name of a picture in the folder, for pages and frames one of their own."""
        file, mark, part = name.rpartition("#")
        if name in self._pictures or not mark:
            return self._pictures[name]
        base = self._pictures[file]
        return base.with_name(f"{base.stem}.{part.replace('=', '-')}.jpg")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the results in a file; a last line that a stop has cut is none.

    Raises:
        DataError: A line is no result of ours.
    """
    lines = inputs.read_bytes(path, _MOST).split(b"\n")
    for number, line in enumerate(lines[:-1], 1):
        try:
            content = json.loads(line)
            _entry(content)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError(f"{path}:{number}: no line that tcm read has written") from error
        yield content


def _entry(line: dict[str, Any]) -> ImageEntry:
    words = [
        Instance(
            np.array(word["polygon"], np.float32).reshape(-1, 2),
            word["text"],
            False,
            float(word["score"]),
            0,
        )
        for word in line["words"]
    ]
    return ImageEntry(str(line["image"]), int(line["height"]), int(line["width"]), words)
