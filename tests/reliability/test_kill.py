"""Kill a run at seeded moments, go on with it, and compare it with one that was not killed.

``python -m pytest -m slow -s tests/reliability/test_kill.py`` prints the figures of the docs.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.tiny import write_config
from tests.reliability.runs import TEXT, differences
from tests.reliability.slowly import SECONDS

ROOT = Path(__file__).resolve().parents[2]
OTHER_DISK = Path("/dev/shm")
STEPS = 100
OPTIONS = [f"trainer.max_steps={STEPS}", "trainer.val_every_steps=10", "trainer.checkpoint_every=3"]
pytestmark = pytest.mark.slow


def start(folder, config, slow=0.0):
    command = [sys.executable, "tools/train.py", config, "--work-dir", str(folder), "--resume"]
    env = {**os.environ, "OMP_NUM_THREADS": "1", SECONDS: str(slow)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([*command, "--cfg-options", *OPTIONS], cwd=ROOT, env=env, **quiet)


def reached(folder):
    path = folder / "metrics.jsonl"
    return path.read_text().count("\n") if path.exists() else 0


def wait(run, condition):
    """Wait for a moment; False if the run ends before."""
    while run.poll() is None:
        if condition():
            return True
        time.sleep(0.005)
    return False


def kill(folder, config, kind, rng):
    """Go on with a run and kill it; return whether it was killed."""
    run = start(folder, config, slow=0.3)
    before = reached(folder)
    if kind == "start":
        time.sleep(rng.uniform(0, 6))
    elif kind == "save":
        wait(run, lambda: list(folder.glob(".*.part")))
        time.sleep(rng.uniform(0, 0.3))
    elif kind == "validation":
        wait(run, lambda: reached(folder) > before and _validates(folder))
        time.sleep(rng.uniform(0, 0.5))
    else:
        wait(run, lambda: reached(folder) > before)
        time.sleep(rng.uniform(0, 3))
    killed = run.poll() is None
    run.send_signal(signal.SIGKILL)
    run.wait()
    return killed


def _validates(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    last = lines[-1]
    return last["step"] % 10 == 0 and "loss" in last


@pytest.mark.parametrize(
    ("elsewhere", "kinds"),
    [
        (False, ["save"] * 4 + ["validation"] * 2 + ["start"] * 2 + ["any"] * 9),
        (True, ["save", "any"] * 2),
    ],
    ids=["here", "on another file system"],
)
def test_a_run_that_is_killed_again_and_again(tmp_path, elsewhere, kinds):
    straight, folder = tmp_path / "straight", tmp_path / "run"
    config = write_config(tmp_path, TEXT)
    if elsewhere:
        if not OTHER_DISK.is_dir() or OTHER_DISK.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip(f"{OTHER_DISK} is no other file system")
        folder = OTHER_DISK / f"tcm-{os.getpid()}"
    assert start(straight, config).wait() == 0
    rng = random.Random(0)
    rng.shuffle(kinds)
    killed = [kind for kind in kinds if kill(folder, config, kind, rng)]
    assert start(folder, config).wait() == 0
    found = differences(straight, folder)
    counts = ", ".join(f"{killed.count(kind)} {kind}" for kind in sorted(set(killed)))
    sys.stdout.write(f"\n{len(killed)} kills ({counts}): {len(found)} differences\n")
    assert not found
    assert len(killed) >= len(kinds) - 2  # the run may end before the last ones
