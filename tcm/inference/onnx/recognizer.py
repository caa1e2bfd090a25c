"""A PARSeq or CLIP4STR that was exported, read with onnxruntime.

It imports no torch; what it answers are the answers of the network in PyTorch.

Shapes: B crops, L positions, C classes.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tcm.character_ids import CharacterIds
from tcm.charset import Charset
from tcm.clip.byte_pairs import BytePairs
from tcm.errors import DataError, TCMError
from tcm.inference.onnx.answers import most_likely
from tcm.inference.onnx.captions import OnnxCaptions
from tcm.inference.onnx.decoder import Arrays, OnnxDecoder, Run
from tcm.inference.onnx.how import How
from tcm.inference.onnx.manifest import NAME, Manifest
from tcm.inference.reading.runner import Reading, RecognizerRunner
from tcm.inference.reading.sizes import Crops, crops_of_json
from tcm.inputs import shown_path

_VISUAL = ("encoder", "step", "refine")
_CROSS = ("captions", "cross_step", "cross_refine")


class OnnxRecognizer(RecognizerRunner):
    """Read crops.

    Args:
        name: For messages, such as the folder.
        crop: What its crops are like.
        graphs: The sessions by name: ``encoder``, ``step``, ``refine``, and for the cross-modal
            branch ``captions``, ``cross_step``, ``cross_refine``.
        how: How they are read.
        pairs: Of the captions; None if there are none.
    """

    def __init__(
        self,
        name: str,
        crop: Crops,
        graphs: Mapping[str, Run],
        how: How,
        pairs: BytePairs | None = None,
    ) -> None:
        self.name, self.crop, self.how = name, crop, how
        self._ids = CharacterIds(Charset(how.characters), how.max_label_length)
        self._encoder = graphs["encoder"]
        self._visual = OnnxDecoder(graphs["step"], graphs["refine"], self._ids)
        self._captions = None
        if how.captions is not None and pairs is not None:
            length = how.captions.context_length
            self._captions = OnnxCaptions(graphs["captions"], how.captions.charset, pairs, length)
            self._cross = OnnxDecoder(graphs["cross_step"], graphs["cross_refine"], self._ids)

    @classmethod
    def open(
        cls,
        folder: Path,
        manifest: Manifest,
        graphs: Mapping[str, Run],
        changes: Mapping[str, Any],
    ) -> "OnnxRecognizer":
        """Return what reads the graphs of an exported folder.

        Args:
            folder: With the files that the manifest names.
            manifest: Its ``model.json``.
            graphs: Its sessions.
            changes: As of `How.changed`.

        Raises:
            DataError: ``model.json`` is damaged.
            ConfigError: A change cannot be made.
        """
        place = f"{shown_path(folder / NAME)}: runtime"
        how = How.of_json(manifest.runtime, place)
        names = {*_VISUAL, *(_CROSS if how.captions else ())}
        crop = crops_of_json(manifest.input, f"{shown_path(folder / NAME)}: input")
        wrong = [f"{place}: there is no graph '{name}'" for name in names - set(graphs)]
        if how.captions and how.captions.vocabulary not in manifest.files:
            wrong.append(f"{place}.captions.vocabulary: is none of 'files'")
        if wrong:
            raise DataError(*wrong)
        pairs = BytePairs(folder / how.captions.vocabulary) if how.captions else None
        return cls(str(folder), crop, graphs, how.changed(**changes), pairs)

    def read(self, crops: np.ndarray) -> list[Reading]:
        """Return what each crop says, as of `RecognizerRunner`."""
        ids, confidences = most_likely(self.logits(crops), self._ids.eos_id)
        if not np.isfinite(confidences).all():
            raise TCMError(
                f"{self.name}: the network's output is not finite: its training has diverged"
            )
        texts = self._ids.texts_of_ids(ids)
        return [Reading(t, float(c)) for t, c in zip(texts, confidences, strict=True)]

    def logits(self, crops: np.ndarray) -> np.ndarray:
        """Return the last answer's logits (B, L, C) of crops (B, h, w, 3) of uint8."""
        found = self._encoder(crops=crops)
        visual = self._visual_answers({k: t for k, t in found.items() if k.startswith("memory")})
        if self._captions is None or self.how.output == "visual":
            return visual[-1]
        image = {k: t for k, t in found.items() if k.startswith("image")}
        return self._cross_answer(self._captions, image, visual)

    def _visual_answers(self, memory: Arrays) -> list[np.ndarray]:
        answers = [self._visual.generate(memory, self._ids.steps(), self.how.decode_ar)]
        for _ in range(self.how.refine_iters):
            answers.append(self._visual.refine(memory, answers[-1]))
        return answers

    def _cross_answer(
        self, captions: OnnxCaptions, image: Arrays, visual: list[np.ndarray]
    ) -> np.ndarray:
        own = self.how.step_budget == "own"
        memories = (captions.join(image, self._texts(answer)) for answer in visual)
        steps = self._ids.steps() if own else visual[0].shape[1]
        cross = self._cross.generate(next(memories), steps, self.how.decode_ar, early_stop=own)
        for memory in memories:
            cross = self._cross.refine(memory, cross)
        return cross

    def _texts(self, logits: np.ndarray) -> list[str]:
        return self._ids.texts_of_ids(logits.argmax(-1))
