"""Reading character by character with nothing kept from step to step, as a reference."""

import torch
from torch import Tensor

from tcm.models.recognizers.decoder import PermutedDecoder
from tcm.models.recognizers.tokens import Tokens


def read(decoder: PermutedDecoder, tokens: Tokens, memory_BMD: Tensor, steps: int) -> Tensor:
    """Return the logits (B, steps, C) of the greedy answer to a memory."""
    context, answers = torch.full((len(memory_BMD), 1), tokens.bos), []
    for i in range(steps):
        answer = decoder(context, decoder.project(memory_BMD), slice(i, i + 1))
        answers.append(answer)
        context = torch.cat([context, answer.argmax(-1)], 1)
    return torch.cat(answers, 1)
