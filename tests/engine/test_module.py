"""The training module under Lightning's trainer: rates of the groups, order of the validation."""

import lightning
import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from tcm.engine.module import TrainingModule
from tcm.evaluation.scores import Scores
from tcm.structures import Batch, Sample, TextInstances


class _Model(nn.Module):
    """Two parts, and the name of the image as the text that is read in it."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Linear(1, 1)
        self.head = nn.Linear(1, 1)

    def loss(self, images, targets):
        out = self.head(self.backbone(images.float().mean().view(1, 1))).square().mean()
        return {"loss_a": out, "loss_b": 2 * out}

    def outputs(self, images):
        return {"images": images}

    def texts_of(self, outputs, matrices, sizes):
        assert len(matrices) == len(sizes) == len(outputs["images"])
        return [TextInstances([m[:2].reshape(-1, 2)], texts=["found"]) for m in matrices]


class _Metric:
    """Remembers what it was asked."""

    def __init__(self, matched):
        self.matched = matched
        self.asked = []

    def evaluate(self, predictions, truths, names=None):
        self.asked.append((list(predictions), list(truths), list(names)))
        return Scores(self.matched, 4, 4)


def _batches(sizes):
    """Return batches whose images are numbered, in the matrix and in the texts of the truth."""
    batches, number = [], 0
    for size in sizes:
        samples = []
        for _ in range(size):
            truth = TextInstances([np.zeros((4, 2))], texts=[str(number)])
            matrix = np.diag([number, number, 1.0])
            samples.append(
                Sample(np.zeros((0, 0, 3), np.uint8), f"{number}.jpg", truth, matrix, (32, 32))
            )
            number += 1
        batches.append(Batch(torch.ones(size, 3, 32, 32, dtype=torch.uint8), {}, samples))
    return DataLoader(batches, batch_size=None)


def _module(**arguments):
    torch.manual_seed(0)
    defaults = {"optimizer": {"type": "SGD", "lr": 0.1}, "schedule": {"type": "Poly", "power": 1.0}}
    return TrainingModule(_Model(), **{**defaults, **arguments})


class _Recorder(lightning.Callback):
    def __init__(self):
        self.rates, self.logged = [], []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.rates.append([group["lr"] for group in trainer.optimizers[0].param_groups])
        self.logged.append({k: float(v) for k, v in trainer.logged_metrics.items()})


def _trainer(**arguments):
    return lightning.Trainer(
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **{"log_every_n_steps": 1, **arguments},
    )


@pytest.fixture(autouse=True)
def _quiet():
    import logging
    import warnings

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _train(steps, module, **arguments):
    recorder = _Recorder()
    trainer = _trainer(max_steps=steps, callbacks=[recorder], **arguments)
    trainer.fit(module, _batches([2] * 8))
    return recorder, trainer


def test_each_group_follows_the_schedule_from_its_own_rate():
    groups = {"lr_multipliers": {"backbone": 0.1}}
    module = _module(param_groups=groups, total_steps=4)
    recorder, _ = _train(4, module)
    expected = [[0.01 * share, 0.1 * share] for share in (1.0, 0.75, 0.5, 0.25)]
    np.testing.assert_allclose(recorder.rates, expected)


def test_the_rate_counts_steps_of_the_optimiser_and_not_batches():
    recorder, _ = _train(2, _module(total_steps=2), accumulate_grad_batches=2)
    np.testing.assert_allclose(recorder.rates, [[0.1], [0.1], [0.05], [0.05]])


def test_the_sum_of_the_losses_is_minimised_and_logged():
    module = _module(total_steps=3, steps_per_epoch=2)
    start = module.model.head.weight.item()
    recorder, _ = _train(3, module)
    for line in recorder.logged:
        assert line["loss"] == pytest.approx(line["loss_a"] + line["loss_b"])
        assert line["loss_b"] == pytest.approx(2 * line["loss_a"])
    assert recorder.logged[-1]["loss"] < recorder.logged[0]["loss"]
    assert [line["epoch"] for line in recorder.logged] == [0, 0.5, 1]
    assert module.model.head.weight.item() != start


def test_the_logged_rate_is_the_largest():
    module = _module(param_groups={"lr_multipliers": {"backbone": 0.1}}, total_steps=2)
    recorder, _ = _train(2, module)
    assert [line["lr"] for line in recorder.logged] == pytest.approx([0.1, 0.05])


@pytest.mark.parametrize("compile", [False, True])
def test_the_loss_is_compiled_when_asked(monkeypatch, compile):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda loss: compiled.append(loss) or loss)
    module = _module(total_steps=2, compile=compile)
    _train(2, module)
    assert compiled == ([module.model.loss] if compile else [])


def test_metrics_see_every_image_once_in_order():
    metric = _Metric(1)
    module = _module(metrics={"a": metric})
    trainer = _trainer()
    for _ in range(2):  # what was validated before must not come again
        trainer.validate(module, _batches([2, 2, 1]), verbose=False)
    assert len(metric.asked) == 2
    for predictions, truths, names in metric.asked:
        assert names == [f"{i}.jpg" for i in range(5)]
        assert [truth.texts for truth in truths] == [[str(i)] for i in range(5)]
        assert [p.polygons[0][0, 0] for p in predictions] == [0, 1, 2, 3, 4]


def test_the_first_metric_decides_and_all_are_logged():
    module = _module(metrics={"a": _Metric(1), "b": _Metric(3)})
    trainer = _trainer()
    trainer.validate(module, _batches([2]), verbose=False)
    found = {name: float(value) for name, value in trainer.callback_metrics.items()}
    assert found["hmean"] == found["val/a/hmean"] == 0.25
    assert found["val/b/hmean"] == 0.75
    assert found["val/b/truths"] == 4


def test_metrics_see_the_images_of_several_processes_in_the_order_of_the_dataset():
    """Process r of 3 has the images r, r + 3, ...."""
    metric = _Metric(1)
    images = [(i, None, None, f"{i}.jpg") for rank in range(3) for i in range(rank, 8, 3)]
    _module(metrics={"a": metric})._scores(images)
    ((_, _, names),) = metric.asked
    assert names == [f"{i}.jpg" for i in range(8)]


def test_scalars_are_computed_for_the_steps_that_are_logged(monkeypatch):
    """Each of them waits for the device."""
    logged = []
    monkeypatch.setattr(
        TrainingModule, "_log_step", lambda self, *_: logged.append(self.global_step + 1)
    )
    module = _module(total_steps=7)
    trainer = _trainer(max_steps=7, log_every_n_steps=3)
    trainer.fit(module, _batches([2] * 8))
    assert logged == [3, 6]


def test_a_checkpoint_continues_with_its_config_and_its_random_numbers():
    checkpoint = {}
    module = _module(config={"a": 1})
    torch.manual_seed(5)
    module.on_save_checkpoint(checkpoint)
    expected = torch.rand(3)
    assert checkpoint["tcm"]["config"] == {"a": 1}
    other = _module()
    other.on_load_checkpoint(checkpoint)
    torch.manual_seed(6)
    other.on_train_start()
    assert torch.equal(torch.rand(3), expected)
