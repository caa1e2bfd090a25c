"""Permuted language modelling: the permutations of a training step, their masks and their loss.

Bautista and Atienza, "Scene Text Recognition with Permuted Autoregressive Sequence Models", ECCV
2022, sections 3.2 and 3.3. A permutation lists the T + 2 positions in the order in which they are
predicted: 0 is the begin, 1..T are the characters, T + 1 is the end.

Shapes: B batch, K permutations, N = B * K with the permutations of an image side by side, S = T + 2
positions, L = T + 1 predicted positions and context tokens, C classes.
"""

import itertools
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from tcm.devices import on_device
from tcm.errors import ConfigError
from tcm.models.losses import full_precision
from tcm.models.recognizers.parseq.tokenizer import Tokenizer

_ENUMERATED = 4  # labels up to this length have so few permutations that none is drawn twice
_WITH_END = 2  # the first two: the end is learned with the whole context and without any


class PermutationSampler:
    """Draw the permutations of a training step; they are shared by the whole batch.

    The end stands last, but in the second permutation, which is right to left whatever was drawn:
    there it is predicted from the begin alone. Without that, decoding in one pass would be
    untrained.

    Args:
        perm_num: Permutations of a step, mirror images included; short labels have fewer.
        perm_forward: Whether left to right is always the first.
        perm_mirrored: Whether each permutation is followed by its mirror image.
    """

    def __init__(
        self, perm_num: int = 6, perm_forward: bool = True, perm_mirrored: bool = True
    ) -> None:
        if perm_mirrored and perm_num % 2:
            raise ConfigError(f"model.perm_num: pairs need an even number, got {perm_num}")
        self.perm_num = perm_num
        self.perm_forward = perm_forward
        self.perm_mirrored = perm_mirrored

    def __call__(self, length: int, generator: torch.Generator | None = None) -> Tensor:
        """Return the int64 permutations (K, T + 2) of labels of at most `length` = T characters.

        Args:
            length: T, at least 0.
            generator: Source of the random numbers, on the CPU; None is torch's own.
        """
        if length < 2:
            return torch.arange(length + 2)[None]
        characters = self._bases(length, generator) + 1
        if self.perm_mirrored:
            characters = torch.stack([characters, characters.flip(1)], 1).flatten(0, 1)
        perms = torch.full((len(characters), length + 2), length + 1)
        perms[:, 0] = 0
        perms[:, 1:-1] = characters
        if len(perms) > 1:
            perms[1, 1:] = torch.arange(length + 1, 0, -1)
        return perms

    def _bases(self, length: int, generator: torch.Generator | None) -> Tensor:
        """Return different permutations of 0..T - 1, none the mirror image of another.

        Above `_ENUMERATED` characters they are drawn independently.
        """
        share = 2 if self.perm_mirrored else 1
        wanted = min(self.perm_num // share, math.factorial(length) // share)
        fixed = torch.arange(length)[None] if self.perm_forward else torch.empty(0, length).long()
        if length > _ENUMERATED:
            drawn = [torch.randperm(length, generator=generator) for _ in range(wanted)]
            return torch.cat([fixed, *(perm[None] for perm in drawn)])[:wanted]
        # The smaller one of a permutation and its mirror image stands for both.
        pool = [
            perm
            for perm in itertools.permutations(range(length))
            if not self.perm_mirrored or perm < perm[::-1]
        ]
        pool = pool[1:] if self.perm_forward else pool
        chosen = torch.randperm(len(pool), generator=generator)[: wanted - len(fixed)]
        return torch.cat([fixed, torch.tensor(pool).view(-1, length)[chosen]])


def permutation_masks(perms_KS: Tensor) -> tuple[Tensor, Tensor]:
    """Return the bool masks (K, L, L) of the content and of the queries; True hides a key.

    A position sees what does not come after it in the permutation; a query does not see its own
    character. Rows of the content mask are the positions 0..T, those of the query mask 1..T + 1;
    columns of either are the context tokens 0..T.

    Args:
        perms_KS: int64, each row a permutation of 0..T + 1.
    """
    rank_KS = perms_KS.argsort(1)
    later_KSS = rank_KS[:, None, :] > rank_KS[:, :, None]
    itself = torch.eye(perms_KS.shape[1], dtype=torch.bool, device=perms_KS.device)
    return later_KSS[:, :-1, :-1], (later_KSS | itself)[:, 1:, :-1]


@dataclass(frozen=True)
class PermutedBatch:
    """What the decoder gets and should answer.

    Attributes:
        context: int64 (N, L) ids, the begin first.
        targets: int64 (N, L) ids; padding where nothing is learned.
        hidden: bool (N, 1, L, L), what the queries do not see.
        content_hidden: bool (N, 1, L, L), what the context does not see of itself.
        padding: bool (N, 1, 1, L), context tokens that are end or padding.
    """

    context: Tensor
    targets: Tensor
    hidden: Tensor
    content_hidden: Tensor
    padding: Tensor


def permuted_batch(ids_BS: Tensor, perms_KS: Tensor, tokenizer: Tokenizer) -> PermutedBatch:
    """Return all permutations of a training step as one batch.

    Args:
        ids_BS: int64 ids as of `Tokenizer.encode`.
        perms_KS: int64 permutations as of `PermutationSampler`.
        tokenizer: Whose ids.
    """
    count = len(perms_KS)
    context, targets_BL = ids_BS[:, :-1], ids_BS[:, 1:]
    targets = targets_BL[:, None].repeat(1, count, 1)
    late = targets[:, _WITH_END:]
    targets[:, _WITH_END:] = late.masked_fill(late == tokenizer.eos_id, tokenizer.pad_id)
    content, query = permutation_masks(on_device(perms_KS, ids_BS.device))
    ended = (context == tokenizer.eos_id) | (context == tokenizer.pad_id)
    padding = ended[:, None, None, None]
    return PermutedBatch(
        context=context.repeat_interleave(count, 0),
        targets=targets.flatten(0, 1),
        hidden=(query[None, :, None] | padding).flatten(0, 1),
        content_hidden=(content[None, :, None] | padding).flatten(0, 1),
        padding=padding.expand(-1, count, -1, -1, -1).flatten(0, 1),
    )


def permuted_loss(logits: Tensor, batch: PermutedBatch, tokenizer: Tokenizer) -> Tensor:
    """Return the mean cross-entropy over every target of every permutation, a float32 scalar.

    Args:
        logits: (N, L, C), real-valued.
        batch: Its targets.
        tokenizer: Whose padding does not count.
    """
    with full_precision(logits):
        return F.cross_entropy(
            logits.float().flatten(0, 1), batch.targets.flatten(), ignore_index=tokenizer.pad_id
        )
