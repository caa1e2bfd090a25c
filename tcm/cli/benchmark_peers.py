"""``tcm benchmark peers``: the same networks of MMOCR and docTR beside ours.

Each library runs in a process of its own environment, and all take turns.
"""

import argparse
import json
import platform
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch

from tcm.cli.benchmark_model import Case, subject, training_subject
from tcm.cli.configs import read_config
from tcm.cli.synthetic_batch import synthetic_batch
from tcm.cli.terminal import say
from tcm.devices import choose_device
from tcm.errors import ConfigError
from tcm.inference.profile import counts_cpu_time
from tcm.inference.variants import Variant

_SCRIPT = Path(__file__).with_name("peer_process.py")
_LAST_LINES = 3  # of what a process says that fails


@dataclass
class Row:
    """A line of the table.

    Attributes:
        name: Library, version and way of running.
        what: ``forward`` or ``train``.
        run: Runs once and returns the milliseconds.
        ms: What the runs took.
    """

    name: str
    what: str
    run: Callable[[], float]
    ms: list[float] = field(default_factory=list)


class Peer:
    """A library in a process of its own environment.

    Args:
        library: ``mmocr`` or ``doctr``.
        python: Interpreter of its environment.
        request: What it is to build.

    Raises:
        ConfigError: The interpreter cannot be started, or the library is not in its environment.
    """

    def __init__(self, library: str, python: str, request: dict[str, Any]) -> None:
        self.library, self.python = library, python
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115  # a pipe would fill
        try:
            self.process = subprocess.Popen(
                [python, str(_SCRIPT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                text=True,
            )
        except OSError as error:
            raise ConfigError(f"--{library} {python}: {error.strerror}") from error
        self.about = self.ask(json.dumps({"library": library, **request}))

    def ask(self, line: str) -> dict[str, Any]:
        """Send a line and return the answer.

        Raises:
            ConfigError: The process has ended; the text has its last lines.
        """
        assert self.process.stdin is not None and self.process.stdout is not None, "they are pipes"
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self.process.wait()
            self._said.seek(0)
            said = self._said.read().strip().splitlines()[-_LAST_LINES:]
            raise ConfigError(f"--{self.library} {self.python}: {' | '.join(said)}")
        return json.loads(answer)

    def close(self) -> None:
        """End the process."""
        self.process.communicate()
        self._said.close()


def peers(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Run the command and return every timing.

    Raises:
        ConfigError: No environment is given, or one does not have its library.
    """
    given = {name: getattr(args, name) for name in ("mmocr", "doctr") if getattr(args, name)}
    if not given:
        raise ConfigError("--mmocr or --doctr: the Python of an environment is wanted")
    torch.set_num_threads(args.threads)
    device = choose_device(args.device)
    height, width = args.size
    if any(side < 32 or side % 32 for side in args.size):
        raise ConfigError(f"--size {height} {width}: multiples of 32 are wanted")
    started = [Peer(name, python, _request(args, device)) for name, python in given.items()]
    try:
        rows = [row for peer in started for row in _theirs(peer)] + _ours(args, device)
        for turn in range(args.warmup + args.rounds):
            for row in rows:
                ms = row.run()
                row.ms += [ms] if turn >= args.warmup else []
    finally:
        for peer in started:
            peer.close()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    clock = "ms of CPU time" if counts_cpu_time(device) else "ms"
    say(
        f"{name}, batch {args.batch}, {height}x{width}, {clock}, median of {args.rounds} runs in "
        f"turn, {args.threads} threads; forward passes without decoding; ratio to the first line"
    )
    say(*_table(rows).splitlines())
    return [{"name": row.name, "what": row.what, "ms": row.ms} for row in rows]


def _request(args: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    batch = synthetic_batch(read_config(args.config), tuple(args.size), args.batch, args.words)
    texts = [[polygon.tolist() for polygon in s.instances.polygons] for s in batch.samples]
    options = {"size": args.size, "batch": args.batch, "threads": args.threads}
    return {**options, "device": str(device), "texts": texts}


def _theirs(peer: Peer) -> list[Row]:
    name = f"{peer.about['name']} float32 (torch {peer.about['torch']})"
    whats = ["forward", "train"] if peer.about["trains"] else ["forward"]
    return [Row(name, what, partial(_milliseconds, peer, what)) for what in whats]


def _milliseconds(peer: Peer, what: str) -> float:
    return peer.ask(what)["ms"]


def _ours(args: argparse.Namespace, device: torch.device) -> list[Row]:
    """Return ours as it is trained and as it is deployed, in float32 and bf16."""
    rows = []
    size = (args.size[0], args.size[1])
    for precision, amp in (("float32", False), ("bf16", True)):
        case = Case(args.config, size, args.batch, args.words, device, Variant(amp=amp))
        deployed = subject(replace(case, variant=Variant(amp=amp, fold=True)))
        trained = training_subject(case)
        name = f"tcm {precision} (torch {torch.__version__})"
        rows.append(Row(name, "forward", lambda s=deployed: s.time(s.forward)))  # type: ignore[misc]
        rows.append(Row(name, "train", lambda s=trained: s.time(s.step)))  # type: ignore[misc]
    return rows


def _table(rows: Sequence[Row]) -> str:
    lines = ["| library | what | ms | ratio |", "| --- | --- | ---: | ---: |"]
    for what in ("forward", "train"):
        alike = [row for row in rows if row.what == what]
        for row in alike:
            ratio = median(row.ms) / median(alike[0].ms)
            lines.append(f"| {row.name} | {what} | {median(row.ms):.1f} | {ratio:.3f} |")
    return "\n".join(lines)
