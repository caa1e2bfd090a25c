"""What CLIP4STR exports beside a PARSeq's graphs: the text encoder on captions.

Shapes: U different captions, L caption tokens, B batch.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from tcm.models.graph import Graph
from tcm.models.recognizers.parseq.decoder import Memory
from tcm.models.recognizers.parseq.graphs import layers_of, named

_CAPTIONS = 3  # of the example


def captions_graph(
    model: nn.Module,
    with_captions: Callable[[Memory, Tensor, Tensor], Memory],
    image: Memory,
    length: int,
) -> tuple[Graph, Memory]:
    """Return the graph from captions to the cross-modal memory, and an example of that.

    Args:
        model: Whose parameters they are; in eval mode.
        with_captions: Takes the image's memory, ids (U, L) and places (B,).
        image: An example for a batch B.
        length: L.
    """
    device = image[0][0].device
    ids = torch.ones(_CAPTIONS, length, dtype=torch.int64, device=device)
    places = torch.zeros(image[0][0].shape[0], dtype=torch.int64, device=device)
    with torch.no_grad():
        memory = with_captions(image, ids, places)
    inputs = {"ids": ids, "places": places, **named("image", image)}
    axes = {key: {0: "captions" if key == "ids" else "batch"} for key in inputs}
    graph = Graph(_Captions(model, with_captions), inputs, list(named("memory", memory)), axes)
    return graph, memory


class _Captions(nn.Module):
    def __init__(
        self, model: nn.Module, with_captions: Callable[[Memory, Tensor, Tensor], Memory]
    ) -> None:
        super().__init__()
        self.model = model
        self.with_captions = with_captions

    def forward(self, inputs: Mapping[str, Tensor]) -> list[Tensor]:
        image = layers_of(inputs, "image")
        memory = self.with_captions(image, inputs["ids"], inputs["places"])
        return [tensor for pair in memory for tensor in pair]
