"""From a memory to logits: character by character or in one pass, and their refinement.

Bautista and Atienza, ECCV 2022, section 3.4. What comes out for an image does not depend on the
others of its batch.

Shapes: N batch, S steps, C classes.
"""

import torch
from torch import Tensor

from tcm.models.recognizers.parseq.decoder import Cache, Memory, PARSeqDecoder
from tcm.models.recognizers.parseq.tokenizer import Tokenizer


def generate(
    decoder: PARSeqDecoder,
    memory: Memory,
    steps: int,
    decode_ar: bool = True,
    early_stop: bool = False,
) -> Tensor:
    """Return the first answer, logits (N, S', C) with S' <= `steps`.

    Args:
        decoder: The decoder.
        memory: Of its `project`.
        steps: Positions that are predicted, the end included.
        decode_ar: Whether characters are read one after the other; otherwise in one pass.
        early_stop: Whether reading one after the other ends once every text has.
    """
    eos, bos = decoder.tokenizer.eos_id, decoder.tokenizer.bos_id
    token = torch.full((len(memory[0][0]), 1), bos, device=memory[0][0].device)
    if not decode_ar:
        return decoder(token, memory, slice(0, steps))
    answers, cache = [], Cache()
    ended = torch.zeros_like(token, dtype=torch.bool)
    for i in range(steps):
        answers.append(decoder.step(token, i, memory, cache))
        token = answers[-1].argmax(-1)
        ended = ended | (token == eos)
        if early_stop and ended.all():
            break
    return torch.cat(answers, 1)


def refine(decoder: PARSeqDecoder, memory: Memory, logits: Tensor, steps: int) -> Tensor:
    """Return a new answer (N, steps, C), each character from all others of the last one.

    Args:
        decoder: The decoder.
        memory: Of its `project`.
        logits: The last answer (N, S', C).
        steps: Positions that are predicted, the end included.
    """
    context = predicted_context(logits, decoder.tokenizer)
    ended = (context == decoder.tokenizer.eos_id).long().cumsum(1) > 0
    cloze = cloze_mask(steps, logits.device)[:, : context.shape[1]]
    return decoder(context, memory, slice(0, steps), cloze | ended[:, None, None, :])


def predicted_context(logits: Tensor, tokenizer: Tokenizer) -> Tensor:
    """Return the ids (N, S) of an answer (N, S, C), the begin before and the last left out."""
    ids = logits.detach().argmax(-1)
    return torch.cat([torch.full_like(ids[:, :1], tokenizer.bos_id), ids[:, :-1]], 1)


def cloze_mask(steps: int, device: torch.device | None = None) -> Tensor:
    """Return the bool mask (steps, steps) that hides from each query its own character alone.

    The query of row i predicts character i + 1, which is column i + 1 of the context.
    """
    return torch.ones(steps, steps, dtype=torch.bool, device=device).triu(1).tril(1)
