"""Environments of the systems, and the processes that read in them."""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from benchmarks.scoreboard.systems import System, Task
from tcm.errors import DataError

_ROOT = Path(__file__).resolve().parents[2]
_INSTALLED = "installed.txt"  # in an environment: the requirements that it was made for


def prepare(system: System, environments: Path, name: str) -> Path:
    """Make a system's environment where it is not there yet, and return its interpreter."""
    python = system.python(environments, name)
    if not system.requirements:
        return python
    mark = environments / name / _INSTALLED
    wanted = "\n".join([*system.requirements, *system.alone])
    if not mark.exists() or mark.read_text(encoding="utf-8") != wanted:
        venv.create(environments / name, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *system.requirements], check=True)
        if system.alone:
            free = ["--no-deps", "--ignore-requires-python"]
            subprocess.run([*pip, *free, *system.alone], check=True)
        mark.write_text(wanted, encoding="utf-8")
    return python


class Worker:
    """A process that reads image after image with one system.

    Args:
        python: The interpreter of the system's environment.
        system: What reads.
        task: Whether it reads scenes or crops of words.
        options: What its reader takes, such as the models of our own.
    """

    def __init__(
        self, python: Path, system: System, task: Task, options: Mapping[str, Any] | None = None
    ) -> None:
        command = [str(python), "-m", "benchmarks.scoreboard.worker", system.reader, task]
        command += ["--options", json.dumps(dict(options or {}))]
        # Nothing but its own environment, and this repository for the reader.
        variables = {key: os.environ[key] for key in os.environ if key != "PYTHONPATH"}
        pipe = subprocess.PIPE
        self.title = system.title
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, cwd=_ROOT, env=variables
        )
        self.about = self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def read(self, path: Path) -> dict[str, Any]:
        """Return what was read in an image: ``result``, ``cpu_ms`` and what else the reader says.

        Raises:
            DataError: The process has ended; its own words stand above.
        """
        assert self.process.stdin is not None
        self.process.stdin.write(f"{path.resolve()}\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise DataError(f"{self.title} ended with status {self.process.wait()}")
        return dict(json.loads(line))


def parse_options(texts: Sequence[str]) -> dict[str, object]:
    """Return ``key=value`` texts as what a reader takes."""
    pairs = (text.split("=", 1) for text in texts)
    return {key: yaml.safe_load(value) for key, value in pairs}


def note(text: str) -> None:
    """Say how far a script is."""
    print(text, file=sys.stderr, flush=True)
