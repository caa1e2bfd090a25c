"""A training step leaves the device alone: how often it waits for it, method by method."""

import pytest
import torch

import tcm.models.recognizers.parseq.model  # noqa: F401  # it registers PARSeq
import tcm.models.spotters.abcnet.ctc  # noqa: F401  # it registers the recognizer
from tcm.inference.waits import counted_waits
from tcm.registry import MODELS
from tests.models.recognizers.clip4str.tiny import SIZE as CROP
from tests.models.recognizers.clip4str.tiny import TINY as CLIP4STR
from tests.models.recognizers.parseq.test_model import TINY as PARSEQ
from tests.models.recognizers.svtrv2.test_model import TINY as SVTRV2
from tests.models.spotters.abcnet.tiny import HEAD as SPOTTER
from tests.models.tiny import BACKBONES, METHODS, detector, targets

SIZE = (64, 96)
QUADS = [[[8, 8], [56, 8], [56, 40], [8, 40]], [[60, 44], [90, 44], [90, 60], [60, 60]]]
READERS = {
    "attention": SPOTTER["recognizer"],
    "ctc": {"type": "CTCRecognizer", "charset": "digits10", "length": 3, "hidden": 8},
}
RECOGNIZERS = {
    "clip4str": CLIP4STR,
    "clip4str, own context": {**CLIP4STR, "cross_gt_context": False, "dec_depth": 2},
    "parseq": PARSEQ,
    "svtrv2": {**SVTRV2, "guided": True},
}
TRIPS = {"parseq": 1, "svtrv2": 0}  # of the others 2
TRANSFORMERS = ("deepsolo", "testr")
SPOTTING = {"abcnet", *TRANSFORMERS}
DETECTORS = [("FastTCM", method) for method in METHODS if method not in SPOTTING]
DETECTORS += [(name, "dbnet") for name in BACKBONES if name != "FastTCM"]
# With ABCNet, the number of texts to read of each level; where it learns to read what it finds,
# also that of what is sure and that of what the suppression leaves.
SPOTTERS = [(reader, own, 3 if own else 1) for reader in READERS for own in (False, True)]


def scene(name, method, **head):
    """Return model, images and targets of a detector or spotter."""
    config = detector(name, method)
    config["head"] = {**config["head"], **head}
    torch.manual_seed(0)
    images = torch.randint(0, 256, (2, 3, *SIZE), dtype=torch.uint8)
    return MODELS.build(config), images, targets(QUADS, [False, False], *SIZE, method)


def spotter(reader, own):
    rois = {"type": "ABCNetRois", "adaptive": own, "score_thr": 0.0, "max_rois": 9}
    return scene("CLIPResNet", "abcnet", recognizer=READERS[reader], rois=rois, coord_conv=own)


def words(name):
    """Return model, crops and targets of a recognizer."""
    config = RECOGNIZERS[name]
    torch.manual_seed(0)
    images = torch.randint(0, 256, (3, 3, *config.get("img_size", CROP)), dtype=torch.uint8)
    rows = torch.tensor([[[1, 2, 3]], [[4, -1, -1]], [[5, 6, -1]]])
    return MODELS.build(config), images, {"text_rows": rows}


def step(model, images, maps):
    losses = model.loss(images, maps)
    torch.stack(list(losses.values())).sum().backward()


def waits_of(model, images, maps):
    with counted_waits() as waits:
        step(model.train(), images, maps)
    return waits


@pytest.mark.parametrize(("name", "method"), DETECTORS)
def test_detectors_do_not_wait(name, method):
    waits = waits_of(*scene(name, method))
    assert waits.count == 0, waits


@pytest.mark.parametrize(("reader", "own", "budget"), SPOTTERS)
def test_spotters_wait_for_the_number_of_texts(reader, own, budget):
    waits = waits_of(*spotter(reader, own))
    assert waits.count == budget, waits


@pytest.mark.parametrize("method", TRANSFORMERS)
def test_transformers_wait_for_the_costs_of_all_layers_and_images_at_once(method):
    waits = waits_of(*scene("FastTCM", method))
    assert waits.count == 1, waits


@pytest.mark.parametrize("name", RECOGNIZERS)
def test_recognizers_wait_for_the_longest_label_and_the_captions(name):
    waits = waits_of(*words(name))
    assert waits.count == TRIPS.get(name, 2), waits


def on_cuda(model, images, maps):
    """Return all on the GPU, behind a step in which libraries choose their algorithms."""
    model = model.to("cuda", memory_format=torch.channels_last).train()
    given = model, images.cuda(), {name: value.cuda() for name, value in maps.items()}
    step(*given)
    torch.cuda.synchronize()
    return given


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
class TestOnCuda:
    """The same by CUDA's own report."""

    @pytest.mark.parametrize("method", [method for method in METHODS if method not in SPOTTING])
    @pytest.mark.parametrize("name", BACKBONES)
    def test_detectors_do_not_wait(self, name, method):
        given = on_cuda(*scene(name, method))
        torch.cuda.set_sync_debug_mode("error")
        try:
            step(*given)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    @pytest.mark.parametrize(("reader", "own", "budget"), SPOTTERS)
    def test_spotters(self, reader, own, budget):
        given = on_cuda(*spotter(reader, own))
        with counted_waits("cuda") as waits:
            step(*given)
        assert waits.count <= budget, waits

    @pytest.mark.parametrize("method", TRANSFORMERS)
    def test_transformers(self, method):
        given = on_cuda(*scene("FastTCM", method))
        with counted_waits("cuda") as waits:
            step(*given)
        assert waits.count <= 1, waits

    @pytest.mark.parametrize("name", RECOGNIZERS)
    def test_recognizers(self, name):
        given = on_cuda(*words(name))
        with counted_waits("cuda") as waits:
            step(*given)
        assert waits.count <= 3, waits
