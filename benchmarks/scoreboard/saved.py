"""The saved output of a system on a set: a small zip with what ran and what it read.

``run.yaml`` says what ran, how and when; ``results.jsonl`` holds an object an image: its name, the
`result` as the system gives it and, of systems that split lines into words, the `word_results`. So
``tcm evaluate --from rapidocr`` reads the zip as it is.
"""

import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from tcm import files

FOLDER = Path(__file__).parent / "outputs"
_RUN, _RESULTS = "run.yaml", "results.jsonl"
_DATE = (1980, 1, 1, 0, 0, 0)  # of the zip's members, so that equal outputs are equal files


@dataclass(frozen=True)
class Saved:
    """What a system read on a set.

    Attributes:
        run: Title, options, versions, date, number of images, CPU milliseconds an image.
        results: An object an image, in order.
    """

    run: Mapping[str, Any]
    results: Sequence[Mapping[str, Any]]


def path_of(system: str, test_set: str, folder: Path = FOLDER) -> Path:
    """Return where the output of a system on a set lies."""
    return folder / f"{system}_{test_set}.zip"


def load(path: Path) -> Saved:
    """Read a saved output."""
    with zipfile.ZipFile(path) as archive:
        run = yaml.safe_load(archive.read(_RUN))
        lines = archive.read(_RESULTS).decode("utf-8").splitlines()
    return Saved(run, [json.loads(line) for line in lines])


def has_words(path: Path) -> bool:
    """Return whether the system split its lines into words itself."""
    return any("word_results" in one for one in load(path).results)


def save(path: Path, run: Mapping[str, Any], answers: Iterable[Mapping[str, Any]]) -> None:
    """Write a saved output.

    Args:
        path: The zip.
        run: What ran; number of images and times are added.
        answers: An object an image, with its ``cpu_ms``, which goes into the run.
    """
    answers = list(answers)
    times = [one["cpu_ms"] for one in answers]
    cost = {"mean": round(sum(times) / len(times), 1), "median": round(median(times), 1)}
    content = {**run, "images": len(answers), "cpu_ms_an_image": cost}
    lines = [{key: one[key] for key in one if key != "cpu_ms"} for one in answers]
    texts = {
        _RUN: yaml.safe_dump(content, sort_keys=False, allow_unicode=True),
        _RESULTS: "".join(as_line(one) + "\n" for one in lines),
    }
    with files.whole(path, "wb") as file, zipfile.ZipFile(file, "w") as archive:
        for name, text in texts.items():
            member = zipfile.ZipInfo(name, _DATE)
            archive.writestr(member, text, zipfile.ZIP_DEFLATED, compresslevel=9)


def as_line(content: Mapping[str, Any]) -> str:
    """Return JSON in one line, without blanks."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
