"""A signal saves the run and ends it with the status that the shell knows."""

import os
import signal

import pytest
import torch

from tcm.engine.module import TrainingModule
from tests.reliability.runs import differences, train


def send(monkeypatch, name, at, signum):
    """Send this process a signal in a certain call of a method of the module."""
    original, count = getattr(TrainingModule, name), iter(range(1, 1000))

    def wrapper(self, *args):
        if next(count) == at:
            os.kill(os.getpid(), signum)
        return original(self, *args)

    monkeypatch.setattr(TrainingModule, name, wrapper)


@pytest.mark.parametrize(
    ("signum", "status"), [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130)]
)
def test_it_is_saved_at_this_step_and_says_so(tmp_path, monkeypatch, capfd, signum, status):
    handlers = [signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)]
    send(monkeypatch, "training_step", 4, signum)
    run = tmp_path / "run"
    assert train(run) == status
    assert torch.load(run / "last.ckpt", weights_only=True)["global_step"] == 4
    told = capfd.readouterr().err
    assert f"{signum.name}: stops after this step" in told
    assert f"{signum.name}: stopped at step 4; {run / 'last.ckpt'} is of step 4" in told
    assert not (run / "inference.ckpt").exists()
    assert handlers == [signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "at"), [("training_step", 4), ("validation_step", 3)])
def test_the_resumed_run_is_the_same(tmp_path, monkeypatch, name, at):
    assert train(tmp_path / "straight") == 0
    with monkeypatch.context() as patch:
        send(patch, name, at, signal.SIGTERM)
        assert train(tmp_path / "run") == 143
    assert train(tmp_path / "run", "--resume") == 0
    assert not differences(tmp_path / "straight", tmp_path / "run")


@pytest.mark.slow
def test_slurm_requeues_a_job_that_then_goes_on(tmp_path, monkeypatch):
    assert train(tmp_path / "straight") == 0
    scontrol = tmp_path / "scontrol"
    scontrol.write_text(f"#!/bin/sh\necho $@ > {tmp_path}/asked\n")
    scontrol.chmod(0o755)
    job = {"NTASKS": "1", "JOB_ID": "42", "PROCID": "0", "LOCALID": "0", "NODEID": "0"}
    for name, value in {**job, "JOB_NAME": "train", "NTASKS_PER_NODE": "1"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        send(patch, "training_step", 4, signal.SIGUSR1)
        assert train(run) == 128 + signal.SIGUSR1
    assert (tmp_path / "asked").read_text() == "requeue 42\n"
    assert torch.load(run / "last.ckpt", weights_only=True)["global_step"] == 4
    assert not list(run.glob("hpc*"))
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    assert train(run) == 0
    assert not differences(tmp_path / "straight", run)


def test_a_validation_is_not_waited_for(tmp_path, monkeypatch, capfd):
    send(monkeypatch, "validation_step", 1, signal.SIGTERM)
    assert train(tmp_path / "run") == 143
    assert torch.load(tmp_path / "run/last.ckpt", weights_only=True)["global_step"] == 2
    assert "stopped in the validation of step 3" in capfd.readouterr().err
