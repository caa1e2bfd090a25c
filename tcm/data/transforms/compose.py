"""Transforms of transforms: applied with a probability, or one of several, as in MMCV."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tcm.errors import ConfigError
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import Share

Transform = Callable[[Sample, np.random.Generator], Sample]


@TRANSFORMS.register()
class RandomApply:
    """Apply a list of transforms with a probability, all of them or none."""

    def __init__(self, prob: Share, transforms: Sequence[Mapping[str, Any]]) -> None:
        """Build the transforms.

        Args:
            prob: Probability in [0, 1].
            transforms: Their configs.

        Raises:
            ConfigError: The probability is none, or a config is wrong.
        """
        self.prob = prob
        self.transforms = _build(transforms, "transforms")

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the transformed sample, or the sample as it is."""
        return _apply(self.transforms, sample, rng) if rng.random() < self.prob else sample


@TRANSFORMS.register()
class RandomChoice:
    """Draw one of several lists of transforms and apply it."""

    def __init__(
        self,
        choices: Sequence[Mapping[str, Any] | Sequence[Mapping[str, Any]]],
        probs: Sequence[float] | None = None,
    ) -> None:
        """Build the transforms.

        Args:
            choices: Configs, or lists of them; an empty list leaves the sample as it is.
            probs: Their probabilities, which add up to 1; None for equal ones.

        Raises:
            ConfigError: There is no choice, the probabilities do not fit, or a config is wrong.
        """
        if not choices:
            raise ConfigError("RandomChoice: choices is empty")
        self.choices = [
            _build([choice] if isinstance(choice, Mapping) else choice, f"choices[{i}]")
            for i, choice in enumerate(choices)
        ]
        probs = [1 / len(choices)] * len(choices) if probs is None else list(probs)
        if len(probs) != len(choices):
            raise ConfigError(f"RandomChoice: {len(probs)} probs for {len(choices)} choices")
        if min(probs) < 0 or abs(sum(probs) - 1) > 1e-6:
            raise ConfigError(f"RandomChoice: probs must add up to 1, got {probs}")
        self.probs = np.divide(probs, sum(probs))

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample after the choice that was drawn."""
        drawn = rng.choice(len(self.choices), p=self.probs)
        return _apply(self.choices[drawn], sample, rng)


def _build(configs: Sequence[Mapping[str, Any]], path: str) -> list[Transform]:
    return [TRANSFORMS.build(config, f"{path}[{i}]") for i, config in enumerate(configs)]


def _apply(transforms: Sequence[Transform], sample: Sample, rng: np.random.Generator) -> Sample:
    for transform in transforms:
        sample = transform(sample, rng)
    return sample
