"""Weights in float16: half the bytes, the same file names, nearly the same numbers."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from tcm.contracts import Graph
from tcm.inference.export import graphs
from tcm.inference.export.halve import halve_weights


@pytest.mark.parametrize("limit", [10**9, 1])  # bytes, beyond which weights lie in a file beside
def test_half_of_the_bytes_are_saved(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(graphs, "_ONE_FILE", limit)

    class Part(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(64, 64)

        def forward(self, x):
            return {"y": self.layer(x)}

    part = Part().eval()
    path = tmp_path / "model.onnx"
    graphs.write_graph(Graph(part, {"x": torch.zeros(2, 64)}, {}), path, {"a": 1})
    files = sorted(file.name for file in tmp_path.iterdir())
    assert len(files) == (1 if limit > 1 else 2)
    before = sum(file.stat().st_size for file in tmp_path.iterdir())
    halve_weights(path)
    assert sorted(file.name for file in tmp_path.iterdir()) == files
    assert before - sum(file.stat().st_size for file in tmp_path.iterdir()) > 1.9 * 64 * 64
    session = onnxruntime.InferenceSession(path)
    assert session.get_modelmeta().custom_metadata_map["tcm.a"] == "1"
    x = torch.randn(2, 64)
    (found,) = session.run(None, {"x": x.numpy()})
    np.testing.assert_allclose(found, part(x)["y"].detach(), atol=1e-2)
