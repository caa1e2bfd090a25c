"""What every backbone has: widths, the statistics of its images, and parts that can be frozen."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

import torch
from torch import nn

from tcm.models.folding import Pair, traced_pairs
from tcm.torch_versions import hook_always, is_compiling
from tcm.values import Bounds

FrozenStages = Annotated[int, Bounds(ge=-1, le=4)]
# RGB in 0..255. TCM's too for CLIP's weights, under all its detectors and spotters but DBNet.
IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


class Backbone(nn.Module):
    """A network with four feature levels at the strides 4, 8, 16 and 32.

    A subclass sets `trunk` and `out_channels` and calls `freeze` and `checkpoint` at the end of its
    constructor; its ``forward(images)`` returns `Features` of normalised images (B, 3, H, W).

    Attributes:
        trunk: The convolutional network; schedules give ``backbone.trunk`` a rate of its own.
        out_channels: Channels of the four levels.
        mean: What is subtracted from RGB images in 0..255 for the trunk's pretrained weights.
        std: What they are divided by then.
        clip_weights: Whether these are CLIP's, which a method may have statistics of its own for.
    """

    trunk: nn.Module
    out_channels: list[int]
    mean: Sequence[float] = IMAGENET_MEAN
    std: Sequence[float] = IMAGENET_STD
    clip_weights = False

    def parts(self, stages: int) -> list[nn.Module]:
        """Return the modules of the stem and the first `stages` stages.

        Here the trunk is a ResNet: stages are ``layer1`` to ``layer4``, the stem is before them.
        """
        children = list(self.trunk.named_children())
        first = [name for name, _ in children].index("layer1")
        return [module for _, module in children[: first + stages]]

    def freeze(self, frozen_stages: int, norm_eval: bool, norm_requires_grad: bool) -> None:
        """Freeze parts of the trunk, in place and for good.

        Args:
            frozen_stages: As MMDetection counts: 0 freezes the stem, n the stem and the first n
                stages, -1 nothing. Frozen parts get no gradient and stay in eval mode.
            norm_eval: Whether all batch norms use their running statistics in training too.
            norm_requires_grad: Whether weights and biases of batch norms are trained.
        """
        held: set[nn.Module] = set()
        for part in self.parts(frozen_stages) if frozen_stages >= 0 else ():
            part.requires_grad_(False)
            held.update(part.modules())
        for module in self.trunk.modules():
            if hasattr(module, "running_var"):  # torch's batch norms, and timm's of any kind
                if norm_eval:
                    held.add(module)
                if not norm_requires_grad:
                    module.requires_grad_(False)
        names = [name for name, module in self.trunk.named_modules() if module in held]
        self.trunk.register_forward_pre_hook(partial(_hold_in_eval, names))

    def checkpoint(self, with_cp: bool) -> None:
        """Set whether training computes the trunk's activations again in the backward pass.

        Args:
            with_cp: Name and meaning are MMDetection's: less memory, more time, the same result.
        """
        if with_cp:
            self.trunk.register_forward_pre_hook(_count_once)
        self._set_checkpointing(with_cp)

    def _set_checkpointing(self, with_cp: bool) -> None:
        trunk: Any = self.trunk
        trunk.with_cp = with_cp

    def deploy(self) -> None:
        """Fold what inference does not need, in place; here there is nothing."""

    def norm_pairs(self) -> set[Pair]:
        """Return the trunk's convolutions and the batch norms that follow them, for folding."""
        return traced_pairs(self.trunk)


# What the trunk's modules are told, they are told in each step: trainers set the flag `training` by
# other ways than `train()` (Lightning does so after every validation), and replace batch norms.


def _hold_in_eval(names: Sequence[str], trunk: nn.Module, inputs: object) -> None:
    if not trunk.training:
        return  # all of it is in eval mode; folding may have taken parts away
    for name in names:
        module = trunk.get_submodule(name)
        if module.training:
            module.training = False


def _count_once(trunk: nn.Module, inputs: object) -> None:
    """Leave the batch norms' statistics alone whenever the backward pass computes them again."""
    norms: list[Any] = [module for module in trunk.modules() if hasattr(module, "running_var")]
    for norm in norms:
        if _hold_statistics not in norm._forward_pre_hooks.values():
            norm.register_forward_pre_hook(_hold_statistics)
            release = partial(_release_statistics, norm.momentum)
            hook_always(norm, release)


def _hold_statistics(norm: Any, inputs: object) -> None:
    # A task of autograd is running in a backward pass only. A compiled step counts once anyway.
    if is_compiling() or torch._C._current_graph_task_id() == -1:
        return
    if norm.training:
        norm.momentum = 0.0
        norm.num_batches_tracked -= 1  # the call adds it again


def _release_statistics(momentum: float, norm: Any, inputs: object, output: object) -> None:
    norm.momentum = momentum
