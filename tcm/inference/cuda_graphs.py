"""Replaying a network from CUDA graphs: one launch in place of hundreds."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from tcm.errors import ConfigError

# A graph, the inputs that it reads and the outputs that it writes.
_Captured = tuple[torch.cuda.CUDAGraph, list[Tensor], Any]
_WARM_UPS = 3  # before a capture, for libraries that choose their kernels


class CUDAGraphs:
    """A forward pass that is captured once for each shape and precision, and replayed.

    What a replay returns lies in memory of its graph, which the next replay of images of this shape
    overwrites: it has to be copied or used up before, by work on the same stream. `Model.outputs`
    and what brings them to the host keep to that. Each graph holds the memory of its activations,
    so that only the last used ones are kept.

    Weights are read where they lay at the capture: the model must not be moved afterwards.

    Args:
        forward: Takes images (B, 3, H, W) on a GPU, and perhaps other tensors; does not wait for
            it; needs no gradient.
        limit: Graphs at most; the one that was not used for longest gives way.
    """

    def __init__(self, forward: Callable[..., Any], limit: int = 8) -> None:
        self.forward = forward
        self.limit = limit
        self._graphs: OrderedDict[tuple, _Captured] = OrderedDict()

    def __len__(self) -> int:
        return len(self._graphs)

    def __call__(self, *inputs: Tensor) -> Any:
        """Return what the forward pass does of images (B, 3, H, W) and what else it takes."""
        device = inputs[0].device.type
        precision = torch.is_autocast_enabled(device), torch.get_autocast_dtype(device)
        key = (*((x.shape, x.dtype, x.stride()) for x in inputs), precision)
        if key not in self._graphs:
            while len(self._graphs) >= self.limit:
                self._graphs.popitem(last=False)
            self._graphs[key] = self._capture(*inputs)
        self._graphs.move_to_end(key)
        graph, statics, outputs = self._graphs[key]
        for static, given in zip(statics, inputs, strict=True):
            static.copy_(given, non_blocking=True)
        graph.replay()
        return outputs

    def _capture(self, *inputs: Tensor) -> _Captured:
        """Return a graph, the inputs that it reads and the outputs that it writes."""
        statics, device = [given.clone() for given in inputs], inputs[0].device
        side = torch.cuda.Stream(device)
        side.wait_stream(torch.cuda.current_stream(device))
        graph = torch.cuda.CUDAGraph()
        with _uncached_autocast():
            with torch.cuda.stream(side):
                for _ in range(_WARM_UPS):
                    self.forward(*statics)
            torch.cuda.current_stream(device).wait_stream(side)
            with torch.cuda.graph(graph, stream=side):
                outputs = self.forward(*statics)
        return graph, statics, outputs


@contextmanager
def _uncached_autocast() -> Iterator[None]:
    """Let autocast cast weights where they are used: a graph would go on reading a freed cache."""
    before = torch.is_autocast_cache_enabled()
    torch.set_autocast_cache_enabled(False)
    try:
        yield
    finally:
        torch.set_autocast_cache_enabled(before)


def use_cuda_graphs(model: nn.Module, limit: int = 8) -> CUDAGraphs:
    """Let a deployed model's forward pass be replayed from graphs, in place.

    Args:
        model: In eval mode, on a GPU. A detector or spotter: recognizers look at what they have
            read.
        limit: As of `CUDAGraphs`.

    Raises:
        ConfigError: The model is not on a GPU, or has no fixed way from images to maps.
    """
    if next(model.parameters()).device.type != "cuda":
        raise ConfigError("CUDA graphs: the model is not on a GPU")
    if not hasattr(model, "head"):
        raise ConfigError(f"CUDA graphs: {type(model).__name__} stops when all is read")
    graphs = CUDAGraphs(model.forward, limit)
    model.forward = graphs  # type: ignore[method-assign]
    return graphs
