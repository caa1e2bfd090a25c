"""From a memory to logits: character by character or in one pass, and their refinement.

Bautista and Atienza, ECCV 2022, section 3.4. What comes out for an image does not depend on the
others of its batch.

Shapes: N batch, S steps, C classes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from tcm.errors import ConfigError
from tcm.models.recognizers.decoder import Cache, Memory, PermutedDecoder
from tcm.models.recognizers.masks import cloze_mask
from tcm.models.recognizers.tokens import Tokens


@dataclass(frozen=True)
class Decoding:
    """How texts are read.

    Attributes:
        decode_ar: Whether characters are read one after the other; otherwise in one pass.
        refine_iters: Times that the whole text is read again with the last answer as context; the
            authors use 1, and 2 if `decode_ar` is false.
    """

    decode_ar: bool = True
    refine_iters: int = 1

    def __post_init__(self) -> None:
        if self.refine_iters < 0:
            raise ConfigError(
                f"model.decoding.refine_iters: 0 or more is wanted, got {self.refine_iters}"
            )


class Reader:
    """One decoder at work on one memory.

    Args:
        decoder: The decoder.
        tokens: Its tokens.
        decoding: How texts are read.
        steps: Positions that are predicted, the end included.
    """

    def __init__(
        self, decoder: PermutedDecoder, tokens: Tokens, decoding: Decoding, steps: int
    ) -> None:
        self.decoder = decoder
        self.tokens = tokens
        self.decoding = decoding
        self.steps = steps

    def read(self, memory: Memory, early_stop: bool, budget: int | None = None) -> Tensor:
        """Return the first answer, logits (N, S', C) with S' <= `steps`.

        Args:
            memory: Of the decoder's `project`.
            early_stop: Whether reading character by character ends once every text has.
            budget: Characters read one after the other at most, the end included; None is `steps`.
        """
        begin_N1 = torch.full((len(memory[0][0]), 1), self.tokens.bos, device=memory[0][0].device)
        if not self.decoding.decode_ar:
            return self.decoder(begin_N1, memory, slice(0, self.steps))
        return self._read_stepwise(begin_N1, memory, early_stop, budget or self.steps)

    def refine(self, memory: Memory, logits: Tensor) -> Tensor:
        """Return a new answer (N, steps, C), each character from all others of the last one.

        Args:
            memory: Of the decoder's `project`.
            logits: The last answer (N, S', C).
        """
        context = predicted_context(logits, self.tokens)
        ended = (context == self.tokens.eos).long().cumsum(1) > 0
        cloze = cloze_mask(self.steps, logits.device)[:, : context.shape[1]]
        hidden = cloze | ended[:, None, None, :]
        return self.decoder(context, memory, slice(0, self.steps), hidden)

    def _read_stepwise(
        self, begin_N1: Tensor, memory: Memory, early_stop: bool, budget: int
    ) -> Tensor:
        token, answers, cache = begin_N1, [], Cache()
        ended = torch.zeros_like(begin_N1, dtype=torch.bool)
        for i in range(min(budget, self.steps)):
            answers.append(self.decoder.step(token, i, memory, cache))
            token = answers[-1].argmax(-1)
            ended = ended | (token == self.tokens.eos)
            if early_stop and ended.all():
                break
        return torch.cat(answers, 1)


def predicted_context(logits: Tensor, tokens: Tokens) -> Tensor:
    """Return the ids (N, S) of an answer (N, S, C), the begin before and the last left out."""
    ids = logits.detach().argmax(-1)
    return torch.cat([torch.full_like(ids[:, :1], tokens.bos), ids[:, :-1]], 1)
