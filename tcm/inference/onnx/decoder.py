"""PARSeq's decoder as two graphs: one step with caches, and one pass over a whole text.

Bautista and Atienza, ECCV 2022, section 3.4. It reads as the network itself does in PyTorch.

Shapes: N texts, S steps, C classes.
"""

from collections.abc import Callable

import numpy as np

from tcm.character_ids import CharacterIds
from tcm.inference.onnx.answers import ended_once

Arrays = dict[str, np.ndarray]  # a memory: keys and values with leading dimension N, by name
Run = Callable[..., Arrays]  # as of `tcm.inference.onnx.session.Session`

_NEXT = "next_"  # in front of the names of a step's caches, where it returns them
_DROPPED = 0.25  # share of the texts that have ended, from which copying the others pays


class OnnxDecoder:
    """Read memories.

    Args:
        step: Of a token, memory and cache makes logits and the next cache.
        refine: Of a context and memory makes logits.
        ids: Of what is read.
    """

    def __init__(self, step: Run, refine: Run, ids: CharacterIds) -> None:
        self._step, self._refine, self._ids = step, refine, ids

    def generate(
        self, memory: Arrays, steps: int, decode_ar: bool = True, early_stop: bool = True
    ) -> np.ndarray:
        """Return the first answer, logits (N, S', C) with S' <= `steps`.

        Args:
            memory: What is read.
            steps: Positions that are predicted, the end included.
            decode_ar: Whether characters are read one after the other; otherwise in one pass.
            early_stop: Whether reading one after the other ends once every text has, and leaves
                out those that have; behind its end a text's logits are those of one more end then.
        """
        token = self._begin(len(next(iter(memory.values()))))
        if not decode_ar:
            return self._refine(context=token, **memory)["logits"][:, :steps]
        logits = self._one_by_one(token, memory, steps, early_stop)
        return ended_once(logits, self._ids.eos_id) if early_stop else logits

    def refine(self, memory: Arrays, logits: np.ndarray) -> np.ndarray:
        """Return a new answer (N, S, C), each character from all others of the last one."""
        context = np.concatenate([self._begin(len(logits)), logits.argmax(-1)[:, :-1]], 1)
        return self._refine(context=context, **memory)["logits"]

    def _begin(self, texts: int) -> np.ndarray:
        return np.full((texts, 1), self._ids.bos_id, np.int64)

    def _one_by_one(
        self, token: np.ndarray, memory: Arrays, steps: int, early_stop: bool
    ) -> np.ndarray:
        """Return logits up to where the last text ends; 0 where a text is not read on."""
        rows, ended = np.arange(len(token)), np.zeros(len(token), bool)  # of those still read
        cache = {k.replace("memory", "cache"): t[:, :, :0] for k, t in memory.items()}
        whole = np.zeros((len(token), steps, self._ids.num_classes), np.float32)
        for i in range(steps):
            found = self._step(token=token, **memory, **cache)
            logits = found.pop("logits")
            cache = {key.removeprefix(_NEXT): tensor for key, tensor in found.items()}
            whole[rows, i] = logits[:, 0]
            token = logits.argmax(-1)
            ended |= token[:, 0] == self._ids.eos_id
            if early_stop and ended.all():
                return whole[:, : i + 1]
            if early_stop and ended.mean() >= _DROPPED:
                left = ~ended
                rows, token, ended = rows[left], token[left], ended[left]
                memory, cache = _rows(memory, left), _rows(cache, left)
        return whole


def _rows(arrays: Arrays, chosen: np.ndarray) -> Arrays:
    return {key: array[chosen] for key, array in arrays.items()}
