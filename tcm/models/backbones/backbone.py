"""What every backbone has: widths, the statistics of its images, and parts that can be frozen."""

from collections.abc import Sequence
from typing import Annotated

from torch import nn

from tcm.models.folding import Pair, traced_pairs
from tcm.values import Bounds

FrozenStages = Annotated[int, Bounds(ge=-1, le=4)]
# RGB in 0..255. TCM's too for CLIP's weights, under all its detectors and spotters but DBNet.
IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


class Backbone(nn.Module):
    """A network with four feature levels at the strides 4, 8, 16 and 32.

    A subclass sets `trunk` and `out_channels` and calls `freeze` at the end of its constructor;
    its ``forward(images)`` returns `Features` of normalised images (B, 3, H, W).

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
        for part in self.parts(frozen_stages) if frozen_stages >= 0 else ():
            part.requires_grad_(False)
            for module in part.modules():
                _hold_in_eval(module)
        for module in self.trunk.modules():
            if hasattr(module, "running_var"):  # torch's batch norms, and timm's of any kind
                if norm_eval:
                    _hold_in_eval(module)
                if not norm_requires_grad:
                    module.requires_grad_(False)

    def deploy(self) -> None:
        """Fold what inference does not need, in place; here there is nothing."""

    def norm_pairs(self) -> set[Pair]:
        """Return the trunk's convolutions and the batch norms that follow them, for folding."""
        return traced_pairs(self.trunk)


def _hold_in_eval(module: nn.Module) -> None:
    """Keep a module in eval mode whenever it is called.

    The mode is set where it is read, because trainers set the flag `training` of each module by
    other ways than `train()`: Lightning does so after every validation.
    """
    module.register_forward_pre_hook(_to_eval)


def _to_eval(module: nn.Module, inputs: object) -> None:
    if module.training:
        module.training = False
