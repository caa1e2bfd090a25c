"""A part of a network that is exported as an ONNX graph of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

OPSET = 18


@dataclass(frozen=True)
class Graph:
    """A part that is exported by itself.

    Attributes:
        module: Takes a mapping of named tensors and returns a list of tensors.
        inputs: Examples by their names; axes of any length have two entries or more, because one
            would be taken for a constant.
        outputs: Names of what the module returns.
        axes: Names of the axes that are of any length, by the inputs' names and the axes' indices.
        longest: Greatest lengths of such axes, by their names.
    """

    module: nn.Module
    inputs: Mapping[str, Tensor]
    outputs: Sequence[str]
    axes: Mapping[str, Mapping[int, str]]
    longest: Mapping[str, int] = field(default_factory=dict)

    @torch.no_grad()
    def save(self, path: Path) -> None:
        """Write the graph by torch's dynamo exporter, its weights in the file or beside it."""
        names = {name for axes in self.axes.values() for name in axes.values()}
        dims = {name: torch.export.Dim(name, max=self.longest.get(name)) for name in names}
        shapes = {
            name: {i: dims[axis] for i, axis in self.axes.get(name, {}).items()}
            for name in self.inputs
        }
        program = torch.onnx.export(
            self.module.eval(),
            kwargs={"inputs": dict(self.inputs)},
            input_names=list(self.inputs),
            output_names=list(self.outputs),
            dynamic_shapes={"inputs": shapes},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
        program.save(path)
