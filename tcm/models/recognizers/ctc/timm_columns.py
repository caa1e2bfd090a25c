"""A network of timm as a trunk for word crops, its strides changed so that it keeps the columns."""

from typing import Any

import timm
from torch import Tensor, nn

from tcm.errors import ConfigError
from tcm.models.backbones.timm_backbone import check_name, read_weights
from tcm.models.folding import Pair, traced_pairs
from tcm.registry import MODELS
from tcm.values import Positive

_WHOLE_STRIDES = 2  # the first two halve both sides; the others the height alone


@MODELS.register()
class TimmColumns(nn.Module):
    """The first stages of a network of timm's EfficientNet kind; a quarter of the columns is kept.

    Args:
        pretrained: True for timm's weights (downloaded once), the path of a file with the network's
            state dict, or ``pip:PACKAGE`` for the file of an installed package; None for random
            initialisation.
        name: As timm has it, such as ``tf_efficientnet_lite0``.
        stages: How many are kept.

    Raises:
        ConfigError: An unknown name, or a network of another kind or with fewer stages.
        CheckpointError: The weights are missing or do not fit.
    """

    def __init__(
        self,
        pretrained: str | bool | None,
        name: str = "tf_efficientnet_lite0",
        stages: Positive = 4,
    ) -> None:
        super().__init__()
        check_name(name)
        net: Any = timm.create_model(name, pretrained=pretrained is True)
        if not all(hasattr(net, part) for part in ("conv_stem", "bn1", "blocks")):
            raise ConfigError(f"TimmColumns: timm's {name} is not of the kind of EfficientNet")
        if stages > len(net.blocks):
            raise ConfigError(f"TimmColumns: timm's {name} has {len(net.blocks)} stages")
        if isinstance(pretrained, str):
            net.load_state_dict(read_weights(name, pretrained, {}), strict=False)
        self.layers = nn.Sequential(net.conv_stem, net.bn1, *net.blocks[:stages])
        convs = [m for m in self.layers.modules() if isinstance(m, nn.Conv2d)]
        strided = [conv for conv in convs if conv.stride == (2, 2)]
        for conv in strided[_WHOLE_STRIDES:]:
            conv.stride = (2, 1)
        self.halvings = len(strided)
        self.out_channels = convs[-1].out_channels

    def out_height(self, height: int) -> int:
        """Return the rows of the map of a crop `height` pixels high."""
        for _ in range(self.halvings):
            height = (height + 1) // 2
        return height

    def norm_pairs(self) -> set[Pair]:
        """Return the convolutions and the batch norms that follow them, for folding."""
        return traced_pairs(self.layers)

    def forward(self, images: Tensor) -> Tensor:
        """Return the map (B, C, h, w) of normalised crops (B, 3, H, W)."""
        return self.layers(images)
