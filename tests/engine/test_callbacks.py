"""The log's lines, the throughput."""

import json
import logging
import time
from logging.handlers import MemoryHandler
from types import SimpleNamespace

import pytest
import torch

from tcm.engine.callbacks import (
    MetricsFile,
    Throughput,
    held_log,
    log,
    release_log,
    setup_logging,
)
from tcm.engine.clock import Clock


class _Trainer:
    """What the callbacks see of a trainer."""

    world_size = 1
    log_every_n_steps = 2

    global_step = 0


@pytest.fixture
def trainer():
    return _Trainer()


def _lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_is_held_back_comes_when_it_is_released_or_at_an_error(monkeypatch):
    seen = MemoryHandler(100)
    monkeypatch.setattr(log, "handlers", [seen])
    monkeypatch.setattr(log, "propagate", False)

    def messages():
        return [record.getMessage() for record in seen.buffer]

    with held_log() as records:
        log.warning("first")
    assert not messages()
    release_log(records)
    assert messages() == ["first"]
    with pytest.raises(KeyboardInterrupt), held_log():
        log.warning("second")
        raise KeyboardInterrupt
    assert messages() == ["first", "second"]


def test_metrics_are_appended_a_line_each(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n')
    logger = MetricsFile(path, 10, Clock())
    logger.log_metrics({"loss": torch.tensor(0.25), "lr": 1e-4}, step=1)
    logger.log_metrics({"val/a/hmean": 1 / 3}, step=3)
    first, second, third = _lines(path)
    assert first == {"step": 1}
    assert second["time_s"] >= 0
    assert (second["step"], second["loss"], second["lr"]) == (2, 0.25, 1e-4)
    assert (third["step"], third["val/a/hmean"]) == (4, 0.333333)


def test_metrics_go_to_the_log_as_well(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(log, "info", lambda text, *values: seen.append(text % values))
    MetricsFile(tmp_path / "m.jsonl", 10, Clock()).log_metrics({"loss": 0.25}, step=4)
    assert seen == ["step 5/10  loss 0.25"]


def test_throughput_counts_images_and_the_wait_for_them(trainer, monkeypatch):
    clock, logged = [100.0], []
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    module = SimpleNamespace(log_dict=lambda figures, batch_size: logged.append(figures))
    batch = SimpleNamespace(samples=[None] * 8)
    throughput = Throughput()
    throughput.on_train_start(trainer, module)
    for step in range(1, 5):
        clock[0] += 1.0  # waiting
        throughput.on_train_batch_start(trainer, module, batch, 0)
        clock[0] += 3.0  # computing
        trainer.global_step = step
        throughput.on_train_batch_end(trainer, module, None, batch, 0)
        if step == 2:
            clock[0] += 1000.0
            throughput.on_validation_end(trainer, module)
    assert logged == [{"images_per_s": 2.0, "data_time_ratio": 0.25}] * 2


def test_the_log_goes_to_a_file(tmp_path):
    handlers, level = log.handlers, log.level
    try:
        setup_logging(tmp_path / "train.log")
        log.info("hello")
        setup_logging(tmp_path / "other.log")
        log.info("again")
    finally:
        log.handlers = handlers
        log.setLevel(level)
    assert (tmp_path / "train.log").read_text().rstrip().endswith("hello")
    assert (tmp_path / "other.log").read_text().count("again") == 1
    assert logging.getLogger("tcm") is log
