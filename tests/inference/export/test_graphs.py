"""Every kind of model gives as graphs what PyTorch gives, at sizes it wasn't traced with."""

import pytest

from tcm.cli.export import write_folder
from tcm.inference.onnx import open_folder
from tests.inference.export.models import CASES, compare, model_of


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_maps_polygons_and_texts(case, tmp_path):
    model = model_of(case)
    model.deploy()
    write_folder(model, {"model": {}}, [], "tiny", tmp_path)
    runner = open_folder(tmp_path, device="cpu", threads=1)
    assert sum(compare(model, runner, shape) for shape in [(2, 64, 96), (1, 256, 128)])
