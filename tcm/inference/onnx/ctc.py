"""A recognizer that reads all columns at once by CTC, exported, read with onnxruntime.

It imports no torch.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tcm.charset import Charset
from tcm.ctc import peaks_of, text_of
from tcm.errors import ConfigError, DataError, TCMError
from tcm.inference.onnx.decoder import Run
from tcm.inference.onnx.manifest import NAME, Manifest
from tcm.inference.reading.runner import Reading, RecognizerRunner
from tcm.inference.reading.sizes import Crops, crops_of_json
from tcm.inputs import shown_path
from tcm.registry import mistakes_of


class OnnxCTCRecognizer(RecognizerRunner):
    """Read crops.

    Args:
        name: For messages, such as the folder.
        crop: What its crops are like.
        graph: From ``crops`` to ``logits``.
        characters: In the order of their classes; the blank is the class behind them.
    """

    def __init__(self, name: str, crop: Crops, graph: Run, characters: str) -> None:
        self.name, self.crop, self.characters = name, crop, characters
        self._graph = graph

    @classmethod
    def open(
        cls,
        folder: Path,
        manifest: Manifest,
        graphs: Mapping[str, Run],
        changes: Mapping[str, Any],
    ) -> "OnnxCTCRecognizer":
        """Return what reads the graph of an exported folder.

        Args:
            folder: For messages.
            manifest: Its ``model.json``.
            graphs: Its sessions.
            changes: There is nothing to change.

        Raises:
            DataError: ``model.json`` is damaged.
            ConfigError: A change is wanted.
        """
        place = shown_path(folder / NAME)
        wanted = [name for name, value in changes.items() if value is not None]
        if wanted:
            raise ConfigError(f"{shown_path(folder)}: {', '.join(wanted)}: CTC has no such setting")
        wrong = mistakes_of(_from_json, manifest.runtime, f"{place}: runtime", name="CTC")
        wrong += [] if "model" in graphs else [f"{place}: there is no graph 'model'"]
        if wrong:
            raise DataError(*wrong)
        try:
            characters = _from_json(**manifest.runtime)
        except ConfigError as error:
            raise DataError(f"{place}: runtime: {error}") from error
        crop = crops_of_json(manifest.input, f"{place}: input")
        return cls(str(folder), crop, graphs["model"], characters)

    def read(self, crops: np.ndarray) -> list[Reading]:
        """Return what each crop says, as of `RecognizerRunner`."""
        logits = self.logits(crops)
        if not np.isfinite(logits).all():
            raise TCMError(
                f"{self.name}: the network's output is not finite: its training has diverged"
            )
        powers = np.exp(logits - logits.max(2, keepdims=True))
        ids, confidences = peaks_of(powers / powers.sum(2, keepdims=True))
        return [
            Reading(text_of(row, self.characters), float(confidence))
            for row, confidence in zip(ids.tolist(), confidences, strict=True)
        ]

    def logits(self, crops: np.ndarray) -> np.ndarray:
        """Return the logits (B, L, C) of crops (B, h, w, 3) of uint8."""
        return self._graph(crops=crops)["logits"]


def _from_json(characters: str, decoding: str) -> str:
    return Charset(characters).characters  # which refuses what is twice there
