"""Exported models give what PyTorch gives, at sizes and in batches that they weren't traced with."""

import numpy as np
import pytest
import torch

from tcm.contracts import as_arrays
from tcm.inference.onnx import open_folder
from tests.inference.onnx.models import CASES, export, images_of, model_of

SHAPES = [(2, 64, 96), (1, 128, 64)]


@pytest.mark.parametrize("case", CASES)
def test_maps_polygons_and_texts(case, tmp_path):
    import time

    model = model_of(case)
    T = time.process_time
    t = T()
    export(model, tmp_path / "model")
    t1 = T()
    runner = open_folder(tmp_path / "model", device="cpu", threads=1)
    print(case, "EXPORT", t1 - t, "OPEN", T() - t1)
    total = 0
    for shape in SHAPES:
        images = images_of(*shape)
        planes = torch.from_numpy(images).permute(0, 3, 1, 2)
        with torch.no_grad():
            wanted = as_arrays(model.graphs()["model"].module(planes))
        found = runner.graphs["model"](images=planes.contiguous().numpy())
        assert wanted.keys() == found.keys()
        for name, value in wanted.items():
            np.testing.assert_allclose(found[name], value, atol=1e-4, rtol=1e-4, err_msg=name)
        matrices, sizes = [np.diag([0.5, 0.5, 1.0])] * len(images), [shape[1:]] * len(images)
        torch_texts = model.predict(planes, matrices, sizes)
        texts = runner.detect(images, matrices, sizes)
        for one, other in zip(torch_texts, texts, strict=True):
            assert one.texts == other.texts
            np.testing.assert_allclose(one.scores, other.scores, atol=1e-4)
            for polygon, same in zip(one.polygons, other.polygons, strict=True):
                np.testing.assert_allclose(polygon, same, atol=1e-2)
            total += len(one)
    print(case, "TEXTS", total, [t for one in torch_texts for t in one.texts][:4])
    assert total
