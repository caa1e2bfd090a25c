"""The log's lines, the checkpoints that are kept, the throughput."""

import json
import logging
import time
from logging.handlers import MemoryHandler
from types import SimpleNamespace

import pytest
import torch

from tcm.engine.callbacks import (
    Checkpoints,
    MetricsFile,
    Throughput,
    held_log,
    log,
    release_log,
    setup_logging,
)


class _Trainer:
    """What the callbacks see of a trainer; it remembers what was saved at which step."""

    max_steps = 10
    world_size = 1
    log_every_n_steps = 2

    def __init__(self):
        self.global_step = 0
        self.callback_metrics = {}
        self.saved = []

    def save_checkpoint(self, path):
        self.saved.append((path.name, self.global_step))


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
    logger = MetricsFile(path, total_steps=10)
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
    MetricsFile(tmp_path / "m.jsonl", total_steps=10).log_metrics({"loss": 0.25}, step=4)
    assert seen == ["step 5/10  loss 0.25"]


def _validate(checkpoints, trainer, step, hmean):
    trainer.global_step = step
    trainer.callback_metrics = {} if hmean is None else {"hmean": torch.tensor(hmean)}
    checkpoints.on_validation_end(trainer, SimpleNamespace(main_figure="hmean"))


def test_the_best_is_kept_by_hmean_and_an_equal_one_does_not_replace_it(tmp_path, trainer):
    checkpoints = Checkpoints(tmp_path, every_steps=4)
    for step, hmean in [(2, 0.5), (4, 0.25), (6, 0.5), (8, 0.75), (10, None)]:
        _validate(checkpoints, trainer, step, hmean)
    assert trainer.saved == [("best.ckpt", 2), ("best.ckpt", 8)]
    assert (checkpoints.best_value, checkpoints.best_step) == (0.75, 8)


def test_a_first_hmean_of_zero_counts(tmp_path, trainer):
    _validate(Checkpoints(tmp_path, 4), trainer, 2, 0.0)
    assert trainer.saved == [("best.ckpt", 2)]


def test_the_last_is_saved_every_so_often_and_at_the_end_once_a_step(tmp_path, trainer):
    checkpoints = Checkpoints(tmp_path, every_steps=4)
    for step in (1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 10):  # a step of two accumulated batches comes twice
        trainer.global_step = step
        checkpoints.on_train_batch_end(trainer, None)
    assert trainer.saved == [("last.ckpt", 4), ("last.ckpt", 8), ("last.ckpt", 10)]


def test_a_resumed_run_knows_the_best_so_far(tmp_path, trainer):
    first, second = Checkpoints(tmp_path, 4), Checkpoints(tmp_path, 4)
    _validate(first, trainer, 4, 0.5)
    first.on_train_batch_end(trainer, None)
    second.load_state_dict(first.state_dict())
    trainer.saved.clear()
    _validate(second, trainer, 4, 0.25)
    second.on_train_batch_end(trainer, None)
    assert trainer.saved == []
    assert (second.best_value, second.best_step) == (0.5, 4)


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
