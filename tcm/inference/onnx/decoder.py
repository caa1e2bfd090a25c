"""PARSeq's decoder as two graphs: one step with caches, and one pass over a whole text.

Bautista and Atienza, ECCV 2022, section 3.4. It reads as the network itself does in PyTorch.

Shapes: N texts, S steps, C classes, M memory tokens.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from tcm.character_ids import CharacterIds
from tcm.inference.onnx.answers import ended_once

Memory = Sequence[np.ndarray]  # keys and values (N, heads, M, width of a head), layer by layer
_DROPPED = 0.25  # share of the texts that have ended, from which copying the others pays


class Session(Protocol):
    """What is used of an `onnxruntime.InferenceSession`."""

    def run(self, outputs: None, inputs: dict[str, np.ndarray]) -> Sequence[np.ndarray]:
        """Return all outputs."""

    def get_inputs(self) -> Sequence[Any]:
        """Return the inputs, each with a ``name``."""


class OnnxDecoder:
    """Read memories.

    Args:
        step: Of a token, memory and cache makes logits and the next cache.
        refine: Of a context and memory makes logits.
        ids: Of what is read.
    """

    def __init__(self, step: Session, refine: Session, ids: CharacterIds) -> None:
        self._step, self._refine, self._ids = step, refine, ids
        self._step_names = [entry.name for entry in step.get_inputs()]
        self._refine_names = [entry.name for entry in refine.get_inputs()]

    def generate(
        self, memory: Memory, steps: int, decode_ar: bool = True, early_stop: bool = True
    ) -> np.ndarray:
        """Return the first answer, logits (N, S', C) with S' <= `steps`.

        Args:
            memory: What is read.
            steps: Positions that are predicted, the end included.
            decode_ar: Whether characters are read one after the other; otherwise in one pass.
            early_stop: Whether reading one after the other ends once every text has, and leaves
                out those that have; behind its end a text's logits are those of one more end then.
        """
        token = np.full((len(memory[0]), 1), self._ids.bos_id, np.int64)
        if not decode_ar:
            return self._reread(token, memory)[:, :steps]
        logits = self._one_by_one(token, memory, steps, early_stop)
        return ended_once(logits, self._ids.eos_id) if early_stop else logits

    def refine(self, memory: Memory, logits: np.ndarray) -> np.ndarray:
        """Return a new answer (N, S, C), each character from all others of the last one."""
        begin = np.full((len(logits), 1), self._ids.bos_id, np.int64)
        return self._reread(np.concatenate([begin, logits.argmax(-1)[:, :-1]], 1), memory)

    def _one_by_one(
        self, token: np.ndarray, memory: Memory, steps: int, early_stop: bool
    ) -> np.ndarray:
        rows, ended = np.arange(len(token)), np.zeros(len(token), bool)  # of those still read
        cache: Memory = [tensor[:, :, :0] for tensor in memory]
        whole = np.zeros((len(token), steps, self._ids.num_classes), np.float32)
        for i in range(steps):
            inputs = [token, *memory, *cache]
            answer, *cache = self._step.run(None, dict(zip(self._step_names, inputs, strict=True)))
            whole[rows, i] = answer[:, 0]
            token = answer.argmax(-1)
            ended |= token[:, 0] == self._ids.eos_id
            if early_stop and ended.all():
                return whole[:, : i + 1]
            if early_stop and ended.mean() >= _DROPPED:
                rows, token, left = rows[~ended], token[~ended], ~ended
                memory, cache = ([t[left] for t in tensors] for tensors in (memory, cache))
                ended = ended[left]
        return whole

    def _reread(self, context: np.ndarray, memory: Memory) -> np.ndarray:
        inputs = dict(zip(self._refine_names, [context, *memory], strict=True))
        return self._refine.run(None, inputs)[0]
