"""Every kind of model gives as graphs what PyTorch gives, at sizes it wasn't traced with."""

import pytest

from tcm.cli.graphs import write_folder
from tcm.inference.onnx import open_folder
from tests.inference.export.models import CASES, compare, full_model_of, model_of

FULL = {
    "dbnet_fasttcm-cr50_1200e_icdar2015": "dbnet",
    "dbnet_tcm-cr50_1200e_icdar2015": "dbnet",
    "dbnet_clip-r50_1200e_icdar2015": "dbnet",
    "dbnet_resnet50_1200e_icdar2015": "dbnet",
    "dbnetpp_fasttcm-cr50_1200e_icdar2015": "dbnet",
    "fcenet_fasttcm-cr50_1500e_icdar2015": "fcenet",
    "psenet_fasttcm-cr50_600e_icdar2015": "psenet",
    "panet_fasttcm-cr50_600e_icdar2015": "panet",
    "abcnet_fasttcm-cr50_5500it_icdar2015": "abcnet",
    "deepsolo_fasttcm-cr50_3000it_icdar2015": "deepsolo",
    "testr_fasttcm-cr50_3000it_icdar2015": "testr",
}
LATER = {"Rotated FCOS", "DeepSolo", "TESTR", "ABCNet v2"}  # at any size alone, below


def opened(model, folder):
    model.deploy()
    write_folder(model, {"model": {}}, [], "tiny", folder)
    return open_folder(folder, device="cpu", threads=1)


@pytest.mark.parametrize("case", [case for case in CASES if case not in LATER])
def test_maps_polygons_and_texts(case, tmp_path, monkeypatch):
    """Traced for the size of the example, which takes a third of the time."""
    model = model_of(case)
    graphs = model.graphs()
    batch, _, *size = graphs["model"].inputs["images"].shape
    graphs["model"] = graphs["model"]._replace(axes={})
    with monkeypatch.context() as patch:
        patch.setattr(model, "graphs", lambda: graphs)
        runner = opened(model, tmp_path)
    assert compare(model, runner, (batch, *size))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_maps_polygons_and_texts_at_any_size(case, tmp_path):
    model = model_of(case)
    runner = opened(model, tmp_path)
    assert sum(compare(model, runner, shape) for shape in [(2, 64, 96), (1, 256, 128)])


@pytest.mark.slow
@pytest.mark.parametrize("name", FULL)
def test_full_sizes_with_random_weights(name, tmp_path):
    model = full_model_of(name, FULL[name])
    runner = opened(model, tmp_path)
    assert sum(compare(model, runner, shape, 1e-3) for shape in [(2, 96, 128), (1, 256, 160)])
