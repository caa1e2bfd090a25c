"""From a memory to logits: character by character or in one pass, and their refinement.

Bautista and Atienza, ECCV 2022, section 3.4. What comes out for an image does not depend on the
others of its batch.

Shapes: N batch, S steps, C classes.
"""

import torch
from torch import Tensor

from tcm.models.recognizers.parseq.attention import KeysValues
from tcm.models.recognizers.parseq.decoder import Memory, PARSeqDecoder, empty_cache
from tcm.models.recognizers.parseq.tokenizer import Tokenizer

_CHECKED = 4  # steps between two questions whether texts have ended
_SURE = 100.0  # a logit


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
        early_stop: Whether reading one after the other ends once every text has, and leaves out
            those that have.
    """
    bos = decoder.tokenizer.bos_id
    token = torch.full((len(memory[0][0]), 1), bos, device=memory[0][0].device)
    if not decode_ar:
        return reread(decoder, memory, token, steps)
    if early_stop:
        return _until_ended(decoder, memory, token, steps)
    answers, cache = [], empty_cache(memory)
    for _ in range(steps):
        answers.append(decoder.step(token, memory, cache))
        token = answers[-1].argmax(-1)
    return torch.cat(answers, 1)


def _until_ended(
    decoder: PARSeqDecoder, memory: Memory, token: Tensor, steps: int, every: int = _CHECKED
) -> Tensor:
    """Return the answer up to the end of the longest text, (N, S', C).

    Whether texts have ended is asked every few steps, which is when the host waits for the device;
    those that have are not read on. Behind its end a text's logits are those of one more end.

    Args:
        decoder: The decoder.
        memory: Of its `project`.
        token: The begin, (N, 1).
        steps: Positions that are predicted at most.
        every: Steps between two questions.
    """
    eos = decoder.tokenizer.eos_id
    rows = torch.arange(len(token), device=token.device)  # of the texts that are read on
    ended, cache, parts = torch.zeros_like(token, dtype=torch.bool), empty_cache(memory), []
    for start in range(0, steps, every):
        answers = []
        for _ in range(start, min(start + every, steps)):
            answers.append(decoder.step(token, memory, cache))
            token = answers[-1].argmax(-1)
            ended = ended | (token == eos)
        parts.append((rows, torch.cat(answers, 1)))
        left = (~ended.squeeze(1)).nonzero().squeeze(1)  # the wait
        if not len(left):
            break
        if len(left) < len(rows):
            rows, token, ended = rows[left], token[left], ended[left]
            memory, cache = ([_rows(pair, left) for pair in layers] for layers in (memory, cache))
    return _ended_once(_assembled(parts), eos)


def _rows(pair: KeysValues, index: Tensor) -> KeysValues:
    keys, values = pair
    return keys[index], values[index]


def _assembled(parts: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Return logits (N, S, C) of parts, each some rows (n,) and theirs (n, s, C); 0 elsewhere."""
    rows, first = parts[0]
    whole = first.new_zeros(len(rows), sum(part.shape[1] for _, part in parts), first.shape[2])
    done = 0
    for rows, part in parts:
        whole[rows, done : done + part.shape[1]] = part
        done += part.shape[1]
    return whole


def _ended_once(logits: Tensor, eos: int) -> Tensor:
    """Return the logits up to the end of the longest text, behind each end those of an end."""
    is_end = logits.argmax(-1) == eos
    behind = is_end.cumsum(1) - is_end.long() > 0
    end = torch.full_like(logits[:1, :1], -_SURE)
    end[..., eos] = _SURE
    longest = int((~behind).any(dim=0).sum())
    return torch.where(behind[..., None], end, logits)[:, :longest]


def refine(decoder: PARSeqDecoder, memory: Memory, logits: Tensor, steps: int) -> Tensor:
    """Return a new answer (N, steps, C), each character from all others of the last one.

    Args:
        decoder: The decoder.
        memory: Of its `project`.
        logits: The last answer (N, S', C).
        steps: Positions that are predicted, the end included.
    """
    return reread(decoder, memory, predicted_context(logits, decoder.tokenizer), steps)


def reread(decoder: PARSeqDecoder, memory: Memory, context: Tensor, steps: int) -> Tensor:
    """Return an answer (N, steps, C), each character from all others of a text.

    Args:
        decoder: The decoder.
        memory: Of its `project`.
        context: int64 ids (N, S') of the text behind the begin; the begin alone makes it an answer
            in one pass.
        steps: Positions that are predicted, the end included.
    """
    ended = (context == decoder.tokenizer.eos_id).long().cumsum(1) > 0
    cloze = cloze_mask(steps, context.device, context.shape[1])
    return decoder(context, memory, slice(0, steps), cloze | ended[:, None, None, :])


def predicted_context(logits: Tensor, tokenizer: Tokenizer) -> Tensor:
    """Return the ids (N, S) of an answer (N, S, C), the begin before and the last left out."""
    ids = logits.detach().argmax(-1)
    return torch.cat([torch.full_like(ids[:, :1], tokenizer.bos_id), ids[:, :-1]], 1)


def cloze_mask(steps: int, device: torch.device | None = None, length: int | None = None) -> Tensor:
    """Return the bool mask (steps, length) that hides from each query its own character alone.

    The query of row i predicts character i + 1, which is column i + 1 of the context.

    Args:
        steps: Queries.
        device: Where the mask is.
        length: Context tokens; None for as many as queries.
    """
    columns = torch.arange(steps if length is None else length, device=device)
    return columns == torch.arange(1, steps + 1, device=device)[:, None]
