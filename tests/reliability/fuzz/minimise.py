"""Making a find smaller: parts are left out as long as the same thing happens."""

import json
import select
import subprocess
import sys
import time
from pathlib import Path

LIMIT_S = 10.0  # for an input
_START_S = 60.0


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
        if not select.select([self._process.stdout], [], [], limit)[0]:
            return None
        return self._process.stdout.readline()


def minimised(target: str, content: bytes, name: str, folder: Path, seconds: float = 30) -> bytes:
    """Return the smallest content found within some seconds that has the same outcome."""
    place = folder / "smaller" / name
    place.parent.mkdir(parents=True, exist_ok=True)
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
