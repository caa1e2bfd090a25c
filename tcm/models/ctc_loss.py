"""CTC's loss, which PyTorch's computes as well, without a wait for the device.

Graves et al., "Connectionist Temporal Classification", ICML 2006, section 4. PyTorch's brings the
lengths of the texts to the host and tables back, in either pass.

Shapes: T columns, R texts, K classes, L characters, S = 2 L + 1 states: the characters with a blank
before, between and behind them.
"""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

_NEVER = -1e30  # log of an impossible probability; infinity would give NaN as a difference


def ctc_loss(log_probs: Tensor, texts: Tensor, lengths: Tensor, blank: int) -> Tensor:
    """Return the negative log likelihood of each text, float32 (R,); 0 where it is impossible.

    Args:
        log_probs: float32 (T, R, K), of each column.
        texts: Classes int64 (R, L); none of a text's is the blank.
        lengths: int64 (R,), of the texts.
        blank: Its class.
    """
    return _CTCLoss.apply(log_probs, texts, lengths, blank)


@torch.no_grad()
def ctc_costs(log_probs: Tensor, texts: Tensor, lengths: Tensor, blank: int) -> Tensor:
    """Return the negative log likelihood of each text in each of Q sequences, float32 (B, Q, N).

    It is 0 where it is impossible.

    Args:
        log_probs: float32 (B, Q, T, K), of each column.
        texts: Classes int64 (B, N, L), as of `ctc_loss`.
        lengths: int64 (B, N), of the texts.
        blank: Its class.
    """
    states = _states(texts, blank)  # B, N, S
    sequences = log_probs.movedim(2, 0).unsqueeze(3)  # T, B, Q, 1, K
    among = states.unsqueeze(1).expand(len(sequences), -1, log_probs.shape[1], -1, -1)
    emitted = sequences.expand(-1, -1, -1, texts.shape[1], -1).gather(4, among)
    *_, ways = _ways(emitted, states.unsqueeze(1))
    last = (2 * lengths)[:, None, :, None].expand(*ways.shape[:3], 1)
    char_end = ways.gather(3, (last - 1).clamp(min=0)).masked_fill(last == 0, _NEVER)
    likelihood = torch.logaddexp(ways.gather(3, last), char_end).squeeze(3)
    return torch.where(likelihood > _NEVER / 2, -likelihood, 0.0)


def _states(texts: Tensor, blank: int) -> Tensor:
    """Return the classes (..., S) of the states of texts (..., L)."""
    states = texts.new_full((*texts.shape[:-1], 2 * texts.shape[-1] + 1), blank)
    states[..., 1::2] = texts
    return states


class _CTCLoss(torch.autograd.Function):
    """The gradient comes from forward and backward variables, run side by side in one pass."""

    @staticmethod
    def forward(ctx: Any, log_probs: Tensor, texts: Tensor, lengths: Tensor, blank: int) -> Tensor:
        states = _states(texts, blank)
        index = states.expand(len(log_probs), -1, -1)
        emitted = log_probs.gather(2, index)  # T, R, S
        place = torch.arange(states.shape[1], device=texts.device)
        last = 2 * lengths[:, None]
        mirror = (last - place).clamp(min=0)  # of each state, seen from the text's end
        mirrored = emitted.flip(0).gather(2, mirror.expand_as(index))
        both = _forward_variables(
            torch.cat([emitted, mirrored], 1), torch.cat([states, states.gather(1, mirror)])
        )
        before, after = both.chunk(2, dim=1)
        after = after.flip(0).gather(2, mirror.expand_as(index))
        blank_end = before[-1].gather(1, last)
        char_end = before[-1].gather(1, (last - 1).clamp(min=0)).masked_fill(last == 0, _NEVER)
        likelihood = torch.logaddexp(blank_end, char_end)  # R, 1
        possible = likelihood > _NEVER / 2
        posterior = (before + after - emitted - likelihood).clamp(max=0).exp()
        posterior = posterior * (possible & (place <= last))
        ctx.save_for_backward(torch.zeros_like(log_probs).scatter_add_(2, index, -posterior))
        return torch.where(possible, -likelihood, 0.0).squeeze(1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        (slope,) = ctx.saved_tensors
        return slope * grad[:, None], None, None, None


def _forward_variables(emitted: Tensor, states: Tensor) -> Tensor:
    """Return the log probability of the first columns of each way to a state, (T, R, S).

    Args:
        emitted: Log probability of each state's class in each column, (T, R, S).
        states: Classes (R, S).
    """
    return torch.stack(list(_ways(emitted, states)))


def _ways(emitted: Tensor, states: Tensor) -> Iterator[Tensor]:
    """Yield the log probability (..., S) of the ways to each state, column by column.

    Args:
        emitted: (T, ..., S), as of `_forward_variables`.
        states: Classes, broadcast to (..., S).
    """
    # Two states further only from a character to another one, over the blank between them.
    skips = F.pad(states[..., 2:] != states[..., :-2], (2, 0))
    skips[..., ::2] = False
    barred = torch.where(skips, 0.0, _NEVER)
    begin = torch.arange(states.shape[-1], device=states.device) < 2
    ways = torch.where(begin, emitted[0], _NEVER)
    yield ways
    for column in emitted[1:]:
        padded = F.pad(ways, (2, 0), value=_NEVER)
        reached = torch.logaddexp(padded[..., 2:], padded[..., 1:-1])
        ways = torch.logaddexp(reached, padded[..., :-2] + barred) + column
        yield ways
