"""torchvision's ResNets as backbones, optionally with deformable convolutions (DCNv2)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torchvision
from torch import Tensor, nn
from torchvision.models import get_model, get_model_weights
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.resnet import Bottleneck

from tcm.errors import CheckpointError, ConfigError, nearest
from tcm.models.backbones.backbone import Backbone, FrozenStages
from tcm.models.backbones.deformable import DeformableConv2d
from tcm.registry import MODELS
from tcm.state_dicts import load_checked, read_state_file
from tcm.structures import Features

_DEPTHS = (18, 34, 50, 101, 152)


@MODELS.register("ResNet")
class ResNet(Backbone):
    """torchvision's ResNet without its classifier.

    Args:
        pretrained: Name of torchvision's weights, such as ``IMAGENET1K_V1`` (downloaded once), or
            the path of a state dict; None for random initialisation.
        depth: 18, 34, 50, 101 or 152.
        deformable_stages: Stages, of 3 to 5, whose 3x3 convolutions are deformable; bottleneck
            depths (50 up) only.
        style: Which convolution of a bottleneck strides: ``pytorch`` the 3x3 one, ``caffe`` the
            first 1x1 one (depths 50 up only), as some checkpoints of MMOCR have it.
        deep_stem: Start with three 3x3 convolutions of 64, 64 and 128 channels in place of one of
            7x7, as MMOCR's PANet does; weights for the plain stem do not fit.
        image_format: What the weights were trained on: ``imagenet``, RGB with ImageNet's mean and
            standard deviation, or ``caffe``, BGR with the mean subtracted alone, as Detectron2's
            and those of MMOCR's ABCNet.
        frozen_stages: Stages that are not trained, 0 for the stem alone; see `Backbone.freeze`.
        norm_eval: Whether batch norms use their running statistics in training too.
        norm_requires_grad: Whether weights and biases of batch norms are trained.
        with_cp: Whether training computes the trunk's activations twice to save memory; see
            `Backbone.checkpoint`.

    Raises:
        ConfigError: An unknown depth, stage or style.
        CheckpointError: The weights are unknown, missing or do not fit.
    """

    trunk: "_Stages"

    def __init__(
        self,
        pretrained: str | None,
        depth: int = 50,
        deformable_stages: Sequence[int] = (),
        style: Literal["pytorch", "caffe"] = "pytorch",
        deep_stem: bool = False,
        image_format: Literal["imagenet", "caffe"] = "imagenet",
        frozen_stages: FrozenStages = -1,
        norm_eval: bool = False,
        norm_requires_grad: bool = True,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        if depth not in _DEPTHS:
            raise ConfigError(
                f"ResNet has no depth {depth}{nearest(str(depth), map(str, _DEPTHS))}"
            )
        if style == "caffe" and depth < 50:
            raise ConfigError(f"ResNet: style 'caffe' needs a depth of 50 or more, got {depth}")
        net = get_model(f"resnet{depth}")
        net.fc = nn.Identity()
        if deep_stem:
            _deepen_stem(net)
        if style == "caffe":
            _stride_first(net)
        if pretrained is not None:
            load_checked(net, _read_weights(pretrained, depth), pretrained)
        stages = {f"layer{i}": str(i) for i in (1, 2, 3, 4)}
        self.trunk = _Stages(net, stages)
        self._deform(deformable_stages, depth)
        expansion = 1 if depth < 50 else 4
        self.out_channels = [64 * expansion, 128 * expansion, 256 * expansion, 512 * expansion]
        self._bgr = image_format == "caffe"
        if self._bgr:
            self.std = (1.0, 1.0, 1.0)
        self.freeze(frozen_stages, norm_eval, norm_requires_grad)
        self.checkpoint(with_cp)

    def forward(self, images: Tensor) -> Features:
        """Return the four levels of normalised RGB images (B, 3, H, W)."""
        images = images.flip(1) if self._bgr else images
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


class _Stages(IntermediateLayerGetter):
    """A ResNet up to its last stage, whose activations may be computed twice to save memory."""

    with_cp = False

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the maps at the strides 4 to 32 of normalised images (B, 3, H, W), by name."""
        if not (self.with_cp and self.training):
            return super().forward(images)
        stem = [part for name, part in self.items() if name not in self.return_layers]
        from timm.models import checkpoint_seq  # not at the top: all of timm's networks come along

        feature, maps = checkpoint_seq(stem, images, every=len(stem)), {}
        for name, returned in self.return_layers.items():
            maps[returned] = feature = checkpoint_seq(self[name], feature)
        return maps


def _deepen_stem(net: torchvision.models.ResNet) -> None:
    """Replace the stem in place; the first block then projects its 128 channels."""
    net.conv1 = nn.Sequential(  # type: ignore[assignment]  # called like any other module
        *_conv_bn(3, 64, 3, stride=2),
        nn.ReLU(inplace=True),
        *_conv_bn(64, 64, 3),
        nn.ReLU(inplace=True),
        nn.Conv2d(64, 128, 3, padding=1, bias=False),
    )
    net.bn1 = nn.BatchNorm2d(128)
    block = net.layer1[0]
    first = block.conv1
    kernel = first.kernel_size[0]
    block.conv1 = _conv_bn(128, first.out_channels, kernel, first.stride[0])[0]
    out_channels = first.out_channels * block.expansion
    block.downsample = nn.Sequential(*_conv_bn(128, out_channels, 1))
    for layer in (*net.conv1, block.conv1, block.downsample[0]):
        if isinstance(layer, nn.Conv2d):  # as torchvision starts its own
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")


def _conv_bn(
    in_channels: int, out_channels: int, kernel: int, stride: int = 1
) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    conv = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=False)
    return conv, nn.BatchNorm2d(out_channels)


def _stride_first(net: torchvision.models.ResNet) -> None:
    """Move the stride of every bottleneck to its first convolution, in place."""
    for block in net.modules():
        if isinstance(block, Bottleneck):
            block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride


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
