"""What the heads of spotters have in common whose texts are the queries of a transformer.

Shapes: B batch, D layers, K queries, P points of each, T places where a character may be read, V
classes.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from tcm.contracts import Head, as_arrays
from tcm.models.detection_transformer.query_decoder import QueryDecoder
from tcm.structures import TextInstances


class QueryHead(Head):
    """Hand what the queries say in the last layer to a `QueryDecoder`.

    Attributes:
        places: Name of the prediction that outlines the texts, (B, D, K, ...).
    """

    decoder: QueryDecoder
    reads = True
    places: str

    @torch.no_grad()
    def outputs(self, predictions: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what the queries say, as of `QueryDecoder`, a row for each of the K.

        Args:
            predictions: ``logits`` (B, D, K, P), ``text_logits`` (B, D, K, T, V), ``extents``
                (B, 2) in network pixels, and the `places`.
        """
        logits, read, places = (
            predictions[name][:, -1].float() for name in ("logits", "text_logits", self.places)
        )
        sureness, classes = read.softmax(3).max(3)
        return {
            "scores": logits.mean(2).sigmoid(),
            self.places: places,
            "classes": classes,
            "sureness": sureness,
            "extents": predictions["extents"],
        }

    def texts_of(
        self,
        outputs: Mapping[str, Tensor],
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return the texts that the decoder makes of the rows."""
        return self.decoder.texts_of(as_arrays(outputs), matrices, sizes)
