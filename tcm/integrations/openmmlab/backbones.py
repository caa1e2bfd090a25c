"""Our backbones as mmengine's modules: a tuple of levels, ``init_cfg`` and ``out_indices``."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor

from tcm.errors import ConfigError
from tcm.integrations.openmmlab.registries import MODELS
from tcm.models.backbones import clip_resnet, fasttcm, tcm
from tcm.structures import Matching

_LEVELS = 4


class _Levels:
    """Gives the levels that a neck of theirs asks for; first among the bases, BaseModule last.

    Args:
        pretrained: As of our class. Weights are better named in `init_cfg`, which is not looked at
            when a trained model is tested.
        out_indices: The levels, of 0 to 3 at the strides 4, 8, 16 and 32.
        init_cfg: As of mmengine; ``dict(type='tcm.CLIPPretrained', checkpoint='openai')`` for
            CLIP's weights.
        arguments: Those of our class of the same name. `frozen_stages` and `norm_eval` mean what
            MMDetection's mean.
    """

    def __init__(
        self,
        pretrained: str | None = None,
        out_indices: Sequence[int] = (0, 1, 2, 3),
        init_cfg: Any = None,
        **arguments: Any,
    ) -> None:
        if not out_indices or not set(out_indices) <= set(range(_LEVELS)):
            raise ConfigError(f"out_indices {list(out_indices)}: some of 0 to {_LEVELS - 1}")
        super().__init__(pretrained, **arguments)  # type: ignore[call-arg]  # of the next base
        self.init_cfg = copy.deepcopy(init_cfg)
        self.out_indices = tuple(out_indices)
        self._noted: list[Matching] | None = None

    @contextmanager
    def noting(self) -> Iterator[list[Matching]]:
        """Collect the matchings of the forward passes within, for the auxiliary loss."""
        noted: list[Matching] = []
        self._noted = noted
        try:
            yield noted
        finally:
            self._noted = None  # with the graph behind it, which no copy of the model may carry

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the levels of `out_indices` of normalised images (B, 3, H, W).

        TCM's and FastTCM's last level has the score map behind its channels.
        """
        features = super().forward(images)  # type: ignore[misc]  # of the next base
        if self._noted is not None and features.matching is not None:
            self._noted.append(features.matching)
        return tuple(features.levels[i] for i in self.out_indices)


@MODELS.register_module()
class FastTCM(_Levels, fasttcm.FastTCM, BaseModule):  # type: ignore[misc]  # levels alone
    """FastTCM; the last of its levels has 2048 channels and one more for each prompt."""


@MODELS.register_module()
class TCM(_Levels, tcm.TCM, BaseModule):  # type: ignore[misc]
    """TCM; the last of its levels has 2048 channels and one more for each prompt."""


@MODELS.register_module()
class CLIPR50(_Levels, clip_resnet.CLIPResNet, BaseModule):  # type: ignore[misc]
    """CLIP's image encoder alone, without a text side."""
