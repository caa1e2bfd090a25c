"""An exported detector or spotter on onnxruntime."""

from collections.abc import Mapping, Sequence

import numpy as np

from tcm.decoder import Decoder, SpotterDecoder
from tcm.errors import ConfigError, DataError, TCMError
from tcm.inference.objects.policy import ObjectPolicy
from tcm.inference.onnx.manifest import NAME, Manifest
from tcm.inference.onnx.session import Session
from tcm.inference.reading.runner import DetectorRunner
from tcm.inference.reading.sizes import SizePolicy
from tcm.registry import MODELS
from tcm.structures import TextInstances

_ON_GPU = 8  # images that a GPU gets at once
_FINITE = "finite"  # as tcm.contracts has it, which imports torch


class OnnxDetector(DetectorRunner):
    """A detector or spotter of an exported folder.

    Args:
        name: Of the folder, for messages.
        manifest: What its ``model.json`` says.
        graphs: The sessions by name: ``model``, and ``reading`` of a spotter.

    Raises:
        DataError: The decoder of ``model.json`` is none of ours, or not that of the graphs.
    """

    def __init__(self, name: str, manifest: Manifest, graphs: Mapping[str, Session]) -> None:
        self.name = name
        self.reads = manifest.kind == "spotter"
        self.batch = _ON_GPU if graphs["model"].on_gpu else 1
        self.graphs = graphs
        try:
            self.size = SizePolicy(**manifest.input)
            self.objects = ObjectPolicy.of_config(manifest.runtime.get("objects"))
            decoder = MODELS.build(manifest.runtime["decode"], "runtime.decode")
        except (ConfigError, TypeError, KeyError) as error:
            raise DataError(f"{name}: {NAME} is damaged: {error}") from error
        in_two = isinstance(decoder, SpotterDecoder)
        if not isinstance(decoder, Decoder) or in_two != ("reading" in graphs):
            raise DataError(f"{name}: {NAME} is damaged: its decoder is none of a {manifest.kind}")
        self.decoder: Decoder = decoder

    def detect(
        self,
        images: np.ndarray,
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return the texts of each image; arguments and errors as of `DetectorRunner`."""
        return self.decoder.texts_of(self.outputs(images, sizes), matrices, sizes)

    def maps(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Return ``probability``, as of `DetectorRunner`, of a network that has such a map."""
        outputs = self.outputs(images, [(images.shape[1], images.shape[2])] * len(images))
        name = next((name for name in outputs if name.startswith("probability")), None)
        if name is None:
            return {}
        value = outputs[name]
        return {"probability": value if value.ndim == 3 else value[:, 0]}

    def outputs(
        self, images: np.ndarray, sizes: Sequence[tuple[int, int]]
    ) -> dict[str, np.ndarray]:
        """Return what the decoder makes texts of; arguments as of `detect`."""
        given = {"images": np.ascontiguousarray(images.transpose(0, 3, 1, 2))}
        if "sizes" in self.graphs["model"].inputs:  # of a network that masks padding
            given["sizes"] = np.array(sizes, np.int64)
        found = self.graphs["model"](**given)
        if not found.pop(_FINITE).all():
            raise TCMError(
                f"{self.name}: the network's output is not finite: its training had diverged, or "
                "the files are not what was exported"
            )
        if isinstance(self.decoder, SpotterDecoder):
            return self.decoder.outputs(found, lambda inputs: self.graphs["reading"](**inputs))
        return found
