"""Making a find smaller: parts are left out as long as the same thing happens."""

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path

from tests.reliability.fuzz.worker import beside

LIMIT_S = 10.0  # for an input
_START_S = 60.0
_PATIENCE = 6  # times the limit, by the clock


def answers_within(process: subprocess.Popen[str], limit: float) -> bool:
    """Tell whether a process writes a line before it has taken so many seconds of a processor.

    On a machine that is busy with other things they may be more by the clock, but not for ever.
    """
    begun, spent = time.monotonic(), _processor_s(process)
    while not select.select([process.stdout], [], [], 1.0)[0]:
        waited = time.monotonic() - begun
        if _processor_s(process) - spent > limit or waited > _PATIENCE * limit:
            return False
    return True


def _processor_s(process: subprocess.Popen[str]) -> float:
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended, or there is no such folder
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Process:
    """A worker that answers what becomes of inputs, begun again when one kills it."""

    def __init__(self, target: str, folder: Path) -> None:
        self._command = [sys.executable, "-m", "tests.reliability.fuzz.worker", target, str(folder)]
        self._process: subprocess.Popen[str] | None = None

    def outcome(self, path: Path) -> str:
        """Return what is wrong with how an input is taken, nothing if all is well."""
        if self._process is None:
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, text=True)
        assert self._process.stdin is not None
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        begun = self._answer(_START_S)
        answer = begun and self._answer(LIMIT_S)
        if answer:
            return json.loads(answer).get("find", "")
        dead = self._process.poll() is not None or answer == ""
        self.close()
        return "death" if dead else "hang"

    def close(self) -> None:
        """End the worker."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answer(self, limit: float) -> str | None:
        """Return a line, nothing if the process ended, None if it takes too long."""
        assert self._process is not None and self._process.stdout is not None
        if not answers_within(self._process, limit):
            return None
        return self._process.stdout.readline()


def minimised(target: str, content: bytes, name: str, folder: Path, seconds: float = 30) -> bytes:
    """Return the smallest content found within some seconds that has the same outcome."""
    place = beside(folder, "smaller") / name
    process = Process(target, folder)
    end = time.monotonic() + seconds

    def outcome(data: bytes) -> str:
        place.write_bytes(data)
        return process.outcome(place)

    try:
        wanted = outcome(content)
        size = len(content) // 2
        while wanted and size and time.monotonic() < end:
            at = 0
            while at < len(content) and time.monotonic() < end:
                shorter = content[:at] + content[at + size :]
                if outcome(shorter) == wanted:
                    content = shorter
                else:
                    at += size
            size //= 2
    finally:
        process.close()
    return content
