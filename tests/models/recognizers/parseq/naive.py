"""Reading character by character with nothing kept from step to step, as a reference."""

import torch
from torch import Tensor

from tcm.models.recognizers.parseq.decoder import PARSeqDecoder


def read(decoder: PARSeqDecoder, memory_BMD: Tensor, steps: int) -> Tensor:
    """Return the logits (B, steps, C) of the greedy answer to a memory."""
    context, answers = torch.full((len(memory_BMD), 1), decoder.tokenizer.bos_id), []
    for i in range(steps):
        answer = decoder(context, decoder.project(memory_BMD), slice(i, i + 1))
        answers.append(answer)
        context = torch.cat([context, answer.argmax(-1)], 1)
    return torch.cat(answers, 1)
