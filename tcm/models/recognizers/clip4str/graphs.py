"""What CLIP4STR exports beside a PARSeq's graphs: the text encoder on captions.

Shapes: U different captions, L caption tokens, B batch.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tcm.contracts import Graph
from tcm.models.recognizers.parseq.decoder import Memory
from tcm.models.recognizers.parseq.graphs import BATCH, layers_of, named

_CAPTIONS = 3  # of the example

Joined = Callable[[Memory, Tensor, Tensor], Memory]


def captions_graph(
    model: nn.Module, with_captions: Joined, image: Memory, length: int
) -> tuple[Graph, Memory]:
    """Return the graph from captions to the cross-modal memory, and an example of that.

    Args:
        model: Whose parameters they are; in eval mode, on the host.
        with_captions: Takes the image's memory, ids (U, L) and places (B,).
        image: An example for a batch B.
        length: L.
    """
    ids = torch.ones(_CAPTIONS, length, dtype=torch.int64)
    places = torch.zeros(len(image[0][0]), dtype=torch.int64)
    with torch.no_grad():
        memory = with_captions(image, ids, places)
    inputs = {"ids": ids, "places": places, **named("image", image)}
    axes = {key: {0: ("captions", 1) if key == "ids" else BATCH} for key in inputs}
    return Graph(_Captions(model, with_captions).eval(), inputs, axes), memory


class _Captions(nn.Module):
    def __init__(self, model: nn.Module, with_captions: Joined) -> None:
        super().__init__()
        self.model = model
        self.with_captions = with_captions

    def forward(self, ids: Tensor, places: Tensor, **image: Tensor) -> dict[str, Tensor]:
        return named("memory", self.with_captions(layers_of(image, "image"), ids, places))
