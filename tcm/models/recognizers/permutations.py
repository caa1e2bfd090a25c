"""The orders in which permuted language modelling predicts a label.

Bautista and Atienza, ECCV 2022, section 3.3. An order lists the T + 2 positions: 0 is the begin,
1..T are the characters, T + 1 is the end.
"""

import itertools
import math
from typing import Literal

import torch
from torch import Tensor

from tcm.errors import ConfigError

_ENUMERATED = 4  # labels up to this length have so few orders that none is drawn twice


class OrderSampler:
    """Draw the orders of a training step; they are shared by the whole batch.

    Left to right comes first, and each order is followed by its mirror image. The end stands last,
    but in the second order, where it is predicted from the begin alone: without that, decoding in
    one pass would be untrained.

    Args:
        count: Orders of a step, mirror images included; short labels have fewer.
        forward: Whether left to right is always among them.
        mirrored: Whether each order is followed by its mirror image.
        second: The second order, where it is not the mirror image of left to right: ``own`` keeps
            it and moves the end to its front; ``reverse`` puts right to left in its place, as the
            released code does even if that is no mirror image of the first.
    """

    def __init__(
        self,
        count: int = 6,
        forward: bool = True,
        mirrored: bool = True,
        second: Literal["own", "reverse"] = "own",
    ) -> None:
        if count < 1 or (mirrored and count % 2):
            kind = "an even number" if mirrored else "a number"
            raise ConfigError(f"model.orders.count: {kind} above 0 is wanted, got {count}")
        if second not in ("own", "reverse"):
            raise ConfigError(f"model.orders.second: 'own' or 'reverse' is wanted, got '{second}'")
        self.count = count
        self.forward = forward
        self.mirrored = mirrored
        self.second = second

    def __call__(self, length: int, generator: torch.Generator | None = None) -> Tensor:
        """Return the int64 orders (K, T + 2) of labels of at most `length` = T characters.

        Args:
            length: T, at least 0.
            generator: Source of the random numbers, on the CPU; None is torch's own.
        """
        if length < 2:
            return torch.arange(length + 2)[None]
        bases = self._bases(length, generator)
        characters = (
            torch.stack([bases, bases.flip(1)], 1).flatten(0, 1) if self.mirrored else bases
        )
        begin, end = (
            torch.zeros(len(characters), 1).long(),
            torch.full((len(characters), 1), length),
        )
        orders = torch.cat([begin, characters + 1, end + 1], 1)
        if len(orders) > 1:
            second = characters[1] + 1 if self.second == "own" else torch.arange(length, 0, -1)
            orders[1] = torch.cat([begin[0], end[0] + 1, second])
        return orders

    def _bases(self, length: int, generator: torch.Generator | None) -> Tensor:
        """Return different orders of the characters, which are no mirror images of one another.

        Above `_ENUMERATED` characters they are drawn independently.
        """
        share = 2 if self.mirrored else 1
        wanted = min(self.count // share, math.factorial(length) // share)
        fixed = torch.arange(length)[None] if self.forward else torch.empty(0, length).long()
        if length > _ENUMERATED:
            drawn = [torch.randperm(length, generator=generator) for _ in range(wanted)]
            return torch.cat([fixed, *(order[None] for order in drawn)])[:wanted]
        # The smaller one of an order and its mirror image stands for both.
        pool = [
            order
            for order in itertools.permutations(range(length))
            if not self.mirrored or order < order[::-1]
        ]
        pool = pool[1:] if self.forward else pool
        chosen = torch.randperm(len(pool), generator=generator)[: wanted - len(fixed)]
        return torch.cat([fixed, torch.tensor(pool).view(-1, length)[chosen]])
