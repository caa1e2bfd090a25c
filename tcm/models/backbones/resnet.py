"""torchvision's ResNets as backbones, optionally with deformable convolutions (DCNv2)."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
import torchvision
from torch import Tensor, nn
from torchvision.models import get_model, get_model_weights
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.ops import deform_conv2d

from tcm.clip.weights import load_checked, read_state_file
from tcm.errors import CheckpointError, ConfigError, nearest
from tcm.registry import MODELS
from tcm.structures import Features

_DEPTHS = (18, 34, 50, 101, 152)
_Pair = tuple[int, int]


class DeformableConv2d(nn.Conv2d):
    """A 3x3 convolution whose sampling points are moved and weighted by a second one.

    Zhu et al., "Deformable ConvNets v2: More Deformable, Better Results", CVPR 2019.

    The weight keeps its name, so that pretrained weights load; the second convolution starts at
    zero, which makes the first output that of the plain convolution halved.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        # Pairs in a Conv2d; the stubs of its base class allow any length.
        kernel, stride, padding, dilation = cast(
            tuple[_Pair, _Pair, _Pair, _Pair],
            (conv.kernel_size, conv.stride, conv.padding, conv.dilation),
        )
        super().__init__(
            conv.in_channels, conv.out_channels, kernel, stride, padding, dilation, bias=False
        )
        taps = kernel[0] * kernel[1]
        self.offset = nn.Conv2d(conv.in_channels, 3 * taps, kernel, stride, padding, dilation)
        for parameter in self.offset.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C_out, H', W') for (B, C_in, H, W)."""
        first, second, mask = self.offset(x).chunk(3, dim=1)
        # The (y, x) pairs of all taps, in mmcv's order of the channels.
        offset = torch.cat([first, second], dim=1)
        return deform_conv2d(
            x,
            offset,
            self.weight,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            mask=mask.sigmoid(),
        )


@MODELS.register("ResNet")
class ResNet(nn.Module):
    """torchvision's ResNet without its classifier.

    Args:
        pretrained: Name of torchvision's weights, such as ``IMAGENET1K_V1`` (downloaded once), or
            the path of a state dict; None for random initialisation.
        depth: 18, 34, 50, 101 or 152.
        deformable_stages: Stages, of 3 to 5, whose 3x3 convolutions are deformable; bottleneck
            depths (50 up) only.

    Raises:
        ConfigError: An unknown depth or stage.
        CheckpointError: The weights are unknown, missing or do not fit.
    """

    def __init__(
        self, pretrained: str | None, depth: int = 50, deformable_stages: Sequence[int] = ()
    ) -> None:
        super().__init__()
        if depth not in _DEPTHS:
            raise ConfigError(
                f"ResNet has no depth {depth}{nearest(str(depth), map(str, _DEPTHS))}"
            )
        net = get_model(f"resnet{depth}")
        net.fc = nn.Identity()
        if pretrained is not None:
            load_checked(net, _read_weights(pretrained, depth), pretrained)
        stages = {f"layer{i}": str(i) for i in (1, 2, 3, 4)}
        self.trunk = IntermediateLayerGetter(net, stages)
        self._deform(deformable_stages, depth)
        expansion = 1 if depth < 50 else 4
        self.out_channels = [64 * expansion, 128 * expansion, 256 * expansion, 512 * expansion]

    def forward(self, images: Tensor) -> Features:
        """Return the four levels of normalised images (B, 3, H, W)."""
        return Features(list(self.trunk(images).values()))

    def _deform(self, stages: Sequence[int], depth: int) -> None:
        if not set(stages) <= {3, 4, 5} or (stages and depth < 50):
            raise ConfigError(
                f"deformable_stages {list(stages)}: stages 3 to 5 of depth 50 and up can be "
                "deformable"
            )
        for stage in stages:
            for block in self.trunk[f"layer{stage - 1}"]:
                plain = block.conv2
                block.conv2 = DeformableConv2d(plain)
                block.conv2.weight = plain.weight


def _read_weights(pretrained: str, depth: int) -> dict[str, Tensor]:
    names = [weights.name for weights in get_model_weights(f"resnet{depth}")]
    if pretrained in names:
        weights = torchvision.models.get_weight(f"ResNet{depth}_Weights.{pretrained}")
        try:
            state = weights.get_state_dict(progress=True)
        except OSError as error:
            raise CheckpointError(
                f"weights '{pretrained}' of ResNet-{depth} could not be downloaded ({error}); give "
                "the path of a local file as 'pretrained', or null for random initialisation"
            ) from error
    elif "." in pretrained or "/" in pretrained:
        state = read_state_file(Path(pretrained))
    else:
        raise CheckpointError(
            f"ResNet-{depth} has no weights '{pretrained}'{nearest(pretrained, names)}"
        )
    return {name: value for name, value in state.items() if not name.startswith("fc.")}
