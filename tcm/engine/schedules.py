"""Learning rate schedules, each a function of the step alone.

A resumed run therefore continues exactly. A schedule is called as ``schedule(step, base_lr)`` after
`bind` has told it the length of the run.
"""

import math
from collections.abc import Sequence

from tcm.registry import SCHEDULES


class Schedule:
    """Linear warm-up, then what `after_warmup` of the subclass says.

    Args:
        warmup_steps: Steps over which the rate rises from `warmup_factor` times itself.
        warmup_factor: Share of the rate at step 0 of the warm-up.
        by_epoch: Whether the rate changes at the start of an epoch only (warm-up excepted).
    """

    def __init__(
        self, warmup_steps: int = 0, warmup_factor: float = 0.001, by_epoch: bool = False
    ) -> None:
        self.warmup_steps = warmup_steps
        self.warmup_factor = warmup_factor
        self.by_epoch = by_epoch
        self.total_steps = 1
        self.steps_per_epoch = 1

    def bind(self, total_steps: int, steps_per_epoch: int) -> None:
        """Set the length of the run, in optimiser steps."""
        self.total_steps = max(1, total_steps)
        self.steps_per_epoch = max(1, steps_per_epoch)

    def __call__(self, step: int, base_lr: float) -> float:
        """Return the learning rate of a step.

        Args:
            step: Optimiser step, counted from 0.
            base_lr: Configured rate of the parameter group.
        """
        at = step // self.steps_per_epoch * self.steps_per_epoch if self.by_epoch else step
        rate = self.after_warmup(min(at / self.total_steps, 1.0), at, base_lr)
        if step < self.warmup_steps:
            share = self.warmup_factor + (1 - self.warmup_factor) * step / self.warmup_steps
            return rate * share
        return rate

    def after_warmup(self, progress: float, step: int, base_lr: float) -> float:
        """Return the rate before the warm-up's factor.

        Args:
            progress: Share of the run that is done, in [0, 1].
            step: Optimiser step, counted from 0; an epoch's first step with `by_epoch`.
            base_lr: Configured rate of the parameter group.
        """
        return base_lr


@SCHEDULES.register("Constant")
class Constant(Schedule):
    """The configured rate throughout, after the warm-up."""


@SCHEDULES.register("Poly")
class Poly(Schedule):
    """``(lr - min_lr) * (1 - progress) ** power + min_lr``, the schedule of DBNet, PSENet and TCM.

    Args:
        power: Exponent.
        min_lr: Floor, an absolute rate.
        warmup_steps: See `Schedule`.
        warmup_factor: See `Schedule`.
        by_epoch: See `Schedule`.
    """

    def __init__(
        self,
        power: float = 0.9,
        min_lr: float = 0.0,
        warmup_steps: int = 0,
        warmup_factor: float = 0.001,
        by_epoch: bool = False,
    ) -> None:
        super().__init__(warmup_steps, warmup_factor, by_epoch)
        self.power = power
        self.min_lr = min_lr

    def after_warmup(self, progress: float, step: int, base_lr: float) -> float:
        """Return the rate at `progress` in [0, 1] of the whole run."""
        floor = min(self.min_lr, base_lr)
        return (base_lr - floor) * (1 - progress) ** self.power + floor


@SCHEDULES.register("MultiStep")
class MultiStep(Schedule):
    """Multiply the rate by `gamma` at each milestone.

    Args:
        milestones: Shares of the run in (0, 1).
        gamma: Factor.
        warmup_steps: See `Schedule`.
        warmup_factor: See `Schedule`.
    """

    def __init__(
        self,
        milestones: Sequence[float],
        gamma: float = 0.1,
        warmup_steps: int = 0,
        warmup_factor: float = 0.001,
    ) -> None:
        super().__init__(warmup_steps, warmup_factor)
        self.milestones = list(milestones)
        self.gamma = gamma

    def after_warmup(self, progress: float, step: int, base_lr: float) -> float:
        """Return the rate at `progress` in [0, 1] of the whole run."""
        return base_lr * self.gamma ** sum(progress >= m for m in self.milestones)


@SCHEDULES.register("OneCycle")
class OneCycle(Schedule):
    """Smith's one-cycle policy with cosine phases; the configured rate is the peak.

    The rates are those of torch's `OneCycleLR`; the momentum is left alone.

    Args:
        pct_start: Share of the run in which the rate rises.
        div_factor: Peak over initial rate.
        final_div_factor: Initial over final rate.
    """

    def __init__(
        self, pct_start: float = 0.3, div_factor: float = 25.0, final_div_factor: float = 1e4
    ) -> None:
        super().__init__()
        self.pct_start = pct_start
        self.div_factor = div_factor
        self.final_div_factor = final_div_factor

    def after_warmup(self, progress: float, step: int, base_lr: float) -> float:
        """Return the rate at `step`; the last step of the run has the final rate."""
        initial = base_lr / self.div_factor
        peak = self.pct_start * self.total_steps - 1
        if step <= peak:
            return _cosine(initial, base_lr, step / peak if peak > 0 else 1.0)
        share = (step - peak) / max(self.total_steps - 1 - peak, 1e-9)
        return _cosine(base_lr, initial / self.final_div_factor, min(share, 1.0))


@SCHEDULES.register("WarmupStableDecay")
class WarmupStableDecay(Schedule):
    """Hold the rate after the warm-up, and let it fall to nothing over the last steps.

    Until the decay begins the rates don't depend on the length of the run: one that was stopped
    before is made longer by ``--resume`` with another ``trainer.max_steps``. Hu et al., "MiniCPM",
    2024; the fall is 1 - sqrt of its share, which Hägele et al. (NeurIPS 2024) found best.

    Args:
        decay_steps: Steps at the end over which the rate falls.
        warmup_steps: See `Schedule`.
        warmup_factor: See `Schedule`.
    """

    def __init__(
        self, decay_steps: int, warmup_steps: int = 0, warmup_factor: float = 0.001
    ) -> None:
        super().__init__(warmup_steps, warmup_factor)
        self.decay_steps = decay_steps

    def after_warmup(self, progress: float, step: int, base_lr: float) -> float:
        """Return the rate at `step`; after the last one it would be 0."""
        share = 1 - (self.total_steps - step) / max(self.decay_steps, 1)
        return base_lr * (1 - math.sqrt(min(max(share, 0.0), 1.0)))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
