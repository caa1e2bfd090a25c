"""Runs of two processes: the same gradients, every image once, each with its own random numbers."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.cli.tiny import write_config
from tests.reliability.parts import CONFIG

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
ALONE = [sys.executable]
BY_LIGHTNING = [*ALONE]
BY_TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2"]


def start(folder, *options, launch=BY_LIGHTNING, arguments=(), **env):
    """Start a training, of two processes unless it is `ALONE`."""
    config = write_config(folder.parent, CONFIG)
    free = [f"--master_port={port()}"] if launch is BY_TORCHRUN else []
    two = [] if launch is ALONE else ["--devices", "2"]
    command = [*launch, *free, "tools/train.py", config, "--work-dir", str(folder), *two]
    return subprocess.Popen(
        [*command, *arguments, "--cfg-options", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **env},
    )


def train(folder, *options, **how):
    run = start(folder, *options, **how)
    told, _ = run.communicate(timeout=300)
    return run.returncode, told


def port():
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return found.getsockname()[1]


def weights(folder):
    return torch.load(folder / "last.ckpt", weights_only=True)["state_dict"]


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("launch", [BY_LIGHTNING, BY_TORCHRUN], ids=["devices", "torchrun"])
def test_a_step_of_two_is_that_of_one_with_the_whole_batch(tmp_path, launch):
    status, told = train(tmp_path / "one", "data.train.batch_size=4", launch=ALONE)
    assert status == 0, told
    status, told = train(tmp_path / "two", launch=launch)
    assert status == 0, told
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=0, atol=1e-5)
    logged = [
        [line["loss"] for line in lines(tmp_path / n) if "loss" in line] for n in ("one", "two")
    ]
    assert logged[0] == pytest.approx(logged[1], abs=1e-5) and len(logged[0]) == 4
    counted = [
        line["val/count/images"] for line in lines(tmp_path / "two") if "val/count/images" in line
    ]
    assert counted == [3, 3]


@pytest.mark.parametrize("images", [1, 2, 5])
def test_every_validation_image_counts_once(tmp_path, images):
    options = [f"data.val.dataset.length={images}", "trainer.max_steps=2"]
    status, told = train(tmp_path / "run", *options)
    assert status == 0, told
    (line,) = [line for line in lines(tmp_path / "run") if "val/count/images" in line]
    assert (line["val/count/images"], line["val/count/different"]) == (images, images)


def test_each_process_goes_on_with_its_own_random_numbers(tmp_path):
    options = ["model.dropout=0.5"]
    for folder, more in (("straight", []), ("run", ["trainer.max_steps=3"])):
        status, told = train(tmp_path / folder, *options, *more)
        assert status == 0, told
    status, told = train(tmp_path / "run", *options, arguments=["--resume"])
    assert status == 0, told
    straight, resumed = weights(tmp_path / "straight"), weights(tmp_path / "run")
    assert all(torch.equal(value, resumed[name]) for name, value in straight.items())
    states = torch.load(tmp_path / "run/last.ckpt", weights_only=True)["tcm"]["random_state"]
    assert len(states) == 2 and not torch.equal(states[0]["cpu"], states[1]["cpu"])


@pytest.mark.parametrize("rank", [0, 1])
def test_the_run_ends_when_a_process_does(tmp_path, rank):
    status, told = train(tmp_path / "run", f"model.dies_in={rank}", "trainer.max_steps=50")
    assert status != 0
    if rank == 1:
        assert "error: process 1 of the run has ended (status 7), so does the run" in told


def _children(pid):
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def _alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def _until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.parametrize("which", ["first", "second"])
def test_none_outlives_a_process_that_is_killed(tmp_path, which):
    folder = tmp_path / "run"
    run = start(folder, "trainer.max_steps=100000", "trainer.val_every_steps=100000")
    _until(lambda: (folder / "metrics.jsonl").exists() and len(lines(folder)) > 3)
    processes = [run.pid, *_children(run.pid)]
    assert len(processes) == 2
    os.kill(processes[which == "second"], signal.SIGKILL)
    _until(lambda: not any(map(_alive, processes)), seconds=20)
    told, _ = run.communicate(timeout=20)
    sentence = (
        "process 1 of the run has ended (SIGKILL)" if which == "second" else "the first process"
    )
    assert f"error: {sentence}" in told


@pytest.mark.parametrize("launch", [BY_LIGHTNING, BY_TORCHRUN], ids=["devices", "torchrun"])
def test_a_signal_saves_the_same_step_in_all(tmp_path, launch):
    folder = tmp_path / "run"
    endless = ["trainer.max_steps=100000", "trainer.val_every_steps=100000"]
    run = start(folder, *endless, launch=launch)
    _until(lambda: (folder / "metrics.jsonl").exists() and len(lines(folder)) > 3)
    os.kill(run.pid, signal.SIGTERM)
    told, _ = run.communicate(timeout=60)
    assert "SIGTERM: stopped at step" in told
    if launch is BY_LIGHTNING:
        assert run.returncode == 143
    step = torch.load(folder / "last.ckpt", weights_only=True)["global_step"]
    assert f"stopped at step {step}; " in told


def test_a_port_that_is_taken_ends_all_with_a_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        number = taken.getsockname()[1]
        run = start(tmp_path / "run", MASTER_PORT=str(number), MASTER_ADDR="localhost")
        told, _ = run.communicate(timeout=120)
    assert run.returncode == 2 and "Traceback" not in told
    assert f"port: {number}" in told or str(number) in told
    assert not _children(run.pid)
