"""Writing parts of a model as ONNX files (PyTorch's exporter on ``torch.export``)."""

import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim
from torch.utils._pytree import tree_unflatten

from tcm.contracts import Graph
from tcm.errors import ConfigError, OutputError

_ONE_FILE = 1_500_000_000  # bytes of weights; a file of Protocol Buffers holds 2 GB


def write_graph(graph: Graph, path: Path, metadata: Mapping[str, Any]) -> None:
    """Write a part of a model as an ONNX file, with weights beside it if they are too large.

    Args:
        graph: The part.
        path: The file, in a folder that is there.
        metadata: What the file says about itself; each value is written as JSON.

    Raises:
        ConfigError: onnx or onnxscript is not installed.
        OutputError: The file cannot be written.
    """
    try:
        import onnxscript  # noqa: F401  # which the exporter works with
    except ImportError as error:
        raise ConfigError("exporting needs onnx and onnxscript: pip install tcm[export]") from error
    with torch.no_grad(), _quiet():
        program = torch.export.export(
            _Named(graph.module), (graph.inputs,), dynamic_shapes=(_shapes(graph),), strict=False
        )
        onnx = torch.onnx.export(
            program,
            dynamo=True,
            input_names=list(graph.inputs),
            output_names=_output_names(program),
            verbose=False,
        )
    assert onnx is not None, "without a file to write to it is returned"
    for key, value in metadata.items():
        onnx.model.metadata_props[f"tcm.{key}"] = json.dumps(value, ensure_ascii=False)
    weights = sum(t.numel() * t.element_size() for t in graph.module.state_dict().values())
    try:
        onnx.save(path, external_data=weights > _ONE_FILE)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


class _Named(nn.Module):
    """A part whose inputs are one mapping: torch.export loses its way in ``**inputs``."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part
        self.eval()

    def forward(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the part's named tensors."""
        return self.part(**inputs)


def _shapes(graph: Graph) -> dict[str, Any]:
    """Return the axes of any length of each input; those of one name have one length."""
    names = {name for axes in graph.axes.values() for name, _ in axes.values()}
    dims = {name: Dim(name, max=graph.longest.get(name)) for name in names}
    return {
        argument: {
            axis: dims[name] if multiple == 1 else multiple * dims[name]
            for axis, (name, multiple) in graph.axes.get(argument, {}).items()
        }
        for argument in graph.inputs
    }


def _output_names(program: torch.export.ExportedProgram) -> list[str]:
    """Return the names of what a part returns, in the order in which the graph has them."""
    spec = program.call_spec.out_spec
    assert spec is not None, "it is there after an export"
    order = tree_unflatten(range(spec.num_leaves), spec)
    return sorted(order, key=order.__getitem__)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter from telling of its own inner life, which takes longer than it."""
    names = ("torch.onnx", "torch.__trace", "onnxscript", "onnx_ir")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
