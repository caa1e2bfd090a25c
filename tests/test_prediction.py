"""Batches are decoded in threads, in order, and errors come through."""

import threading

import numpy as np
import pytest
import torch

from tcm.contracts import FINITE
from tcm.data.loading.collate import collate
from tcm.errors import TCMError
from tcm.prediction import Predictor
from tcm.structures import Batch, Sample, TextInstances


class _Model:
    """Reads the value of each image; the first image waits until another has been decoded."""

    def __init__(self):
        self.threads = set()
        self.second = threading.Event()

    def outputs(self, images):
        return {"value": images.flatten(1).float().mean(1)}

    def texts_of(self, outputs, matrices, sizes):
        (value,) = outputs["value"].tolist()
        self.threads.add(threading.get_ident())
        if value == 0:
            assert self.second.wait(10)
        elif value == 1:
            self.second.set()
        elif value == 99:
            raise ValueError("image 99")
        return [TextInstances([np.zeros((4, 2))], [str(int(value))])]


def _batch(*values):
    images = torch.stack([torch.full((3, 4, 4), v, dtype=torch.uint8) for v in values])
    samples = [
        Sample(np.zeros((0, 0, 3), np.uint8), str(v), TextInstances(), index=v) for v in values
    ]
    return Batch(images, {}, samples)


def test_images_are_decoded_side_by_side_and_come_in_order():
    model = _Model()
    with Predictor(model, "cpu", threads=2) as predictor:
        found = list(predictor.run([_batch(0, 1), _batch(2), _batch(3, 4), _batch(5)]))
    assert [sample.index for sample, _ in found] == list(range(6))
    assert [texts.texts for _, texts in found] == [[str(i)] for i in range(6)]
    assert len(model.threads) == 2 and threading.get_ident() not in model.threads


def test_the_device_is_two_batches_ahead_at_most():
    with Predictor(_Model(), "cpu", threads=1) as predictor:
        counts = [len(predictor.submit(_batch(v))) for v in (2, 3, 4, 5)]
        assert counts == [0, 0, 1, 1]
        assert [sample.index for sample, _ in predictor.finish()] == [4, 5]


def test_an_error_in_a_thread_ends_the_run():
    with Predictor(_Model(), "cpu") as predictor, pytest.raises(ValueError, match="image 99"):
        list(predictor.run([_batch(2), _batch(99), _batch(3)]))


def test_the_network_alone_runs_in_the_precision():
    class Precise(_Model):
        def outputs(self, images):
            self.dtype = (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
            return super().outputs(images)

    model = Precise()
    with Predictor(model, "cpu", lambda: torch.autocast("cpu", torch.bfloat16)) as predictor:
        list(predictor.run([_batch(2)]))
    assert model.dtype == torch.bfloat16


def test_an_image_does_not_depend_on_the_padding_that_its_batch_brings():
    class Sizes(_Model):
        def outputs(self, images):
            size = torch.tensor([images.shape[2:]] * len(images))
            return {"size": size, "value": images.flatten(1).float().mean(1)}

        def texts_of(self, outputs, matrices, sizes):
            (size,), (value,) = outputs["size"].tolist(), outputs["value"].tolist()
            return [TextInstances([np.zeros((4, 2))], [f"{size} {value:g}"])]

    samples = [
        Sample(np.full((h, w, 3), value, np.uint8), "", TextInstances(), index=i)
        for i, (h, w, value) in enumerate([(32, 64, 5), (64, 64, 6), (32, 64, 7)])
    ]
    with Predictor(Sizes(), "cpu") as predictor:
        found = list(predictor.run([collate(samples)]))
    assert [texts.texts[0] for _, texts in found] == ["[32, 64] 5", "[64, 64] 6", "[32, 64] 7"]


def test_a_network_that_masks_padding_is_told_the_sizes():
    class Masking(_Model):
        masks_padding = True

        def outputs(self, images, sizes):
            return {"value": sizes[:, 0] * 1000 + sizes[:, 1]}

    samples = [
        Sample(np.zeros((h, w, 3), np.uint8), "", TextInstances(), index=i)
        for i, (h, w) in enumerate([(20, 30), (64, 64), (32, 17)])
    ]
    with Predictor(Masking(), "cpu") as predictor:
        found = list(predictor.run([collate(samples)]))
    assert [texts.texts[0] for _, texts in found] == ["20030", "64064", "32017"]


class _Diverged(_Model):
    """Gives NaN for an image of 7, or says that something was not finite for one of 8."""

    def outputs(self, images):
        value = images.flatten(1).float().mean(1)
        return {"value": value.masked_fill(value == 7, torch.nan), FINITE: value != 8}


@pytest.mark.parametrize("value", [7, 8])
def test_an_output_that_is_not_finite_is_an_error_that_names_the_image(value):
    with Predictor(_Diverged(), "cpu") as predictor:
        assert [found.texts for _, found in predictor.run([_batch(3)])] == [["3"]]
        with pytest.raises(TCMError, match=f"^{value}: the network's output is not finite"):
            list(predictor.run([_batch(3, value)]))
