"""What turns a network's outputs into texts, wherever they were computed: nothing here has torch.

A head decodes with such an object, and so does the runtime of exported models, which builds it by
its name and arguments.

Shapes: B batch.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tcm.structures import TextInstances

Arrays = Mapping[str, np.ndarray]


class Decoder(ABC):
    """Makes texts of what a detector's head gives; threads may use it at once."""

    @abstractmethod
    def texts_of(
        self,
        outputs: Arrays,
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return the texts of each image in original image coordinates, with scores.

        Args:
            outputs: Those of the head, each with leading dimension B; floats are float32.
            matrices: B float64 (3, 3), original image coordinates to network coordinates.
            sizes: B pairs (height, width) in network pixels; what lies beyond is padding and is
                not decoded.
        """


class SpotterDecoder(Decoder):
    """Makes texts of what a spotter gives, which is exported as two graphs.

    One of them finds and one reads; what is chosen in between is chosen here.
    """

    @abstractmethod
    def outputs(
        self, maps: Arrays, read: Callable[[dict[str, np.ndarray]], Arrays]
    ) -> dict[str, np.ndarray]:
        """Return what `texts_of` takes.

        Args:
            maps: What the finding graph gives, each with leading dimension B.
            read: Runs the reading graph; it is called with its inputs by name, unless there is
                nothing to read.
        """
