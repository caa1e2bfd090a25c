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


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_maps_polygons_and_texts(case, tmp_path):
    model = model_of(case)
    model.deploy()
    write_folder(model, {"model": {}}, [], "tiny", tmp_path)
    runner = open_folder(tmp_path, device="cpu", threads=1)
    assert sum(compare(model, runner, shape) for shape in [(2, 64, 96), (1, 256, 128)])


@pytest.mark.slow
@pytest.mark.parametrize("name", FULL)
def test_full_sizes_with_random_weights(name, tmp_path):
    model = full_model_of(name, FULL[name])
    model.deploy()
    write_folder(model, {"model": {}}, [], name, tmp_path)
    runner = open_folder(tmp_path, device="cpu", threads=1)
    assert sum(compare(model, runner, shape, 1e-3) for shape in [(2, 96, 128), (1, 256, 160)])
