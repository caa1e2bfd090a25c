"""CLIP's ResNet as a dense trunk: four feature levels, the global and the dense embedding.

The convolutional part is open_clip's ModifiedResNet (MIT), whose parameter names are OpenAI's; the
pool is ours.
"""

from open_clip.modified_resnet import ModifiedResNet
from torch import Tensor, nn

from tcm.clip.attention_pool import DenseAttentionPool
from tcm.values import Positive, require_multiple


class CLIPVisualTrunk(ModifiedResNet):
    """The image encoder of CLIP RN50 for images of any size; the defaults are RN50's.

    Args:
        layers: Bottleneck blocks of the four stages.
        width: Channels after the stem; the stages have 4, 8, 16 and 32 times as many.
        heads: Heads of the attention pool; widths must be divisible by it. None leaves the pool
            out.
        output_dim: Width of the joint embedding space.
        input_resolution: Image side in pixels at which the weights were trained; the position grid
            has a 32nd of it.

    Attributes:
        with_cp: Whether training keeps the inputs of the stem and of each block only.
    """

    with_cp = False

    def __init__(
        self,
        layers: tuple[Positive, Positive, Positive, Positive] = (3, 4, 6, 3),
        width: Positive = 64,
        heads: Positive | None = 32,
        output_dim: Positive = 1024,
        input_resolution: Positive = 224,
    ) -> None:
        super().__init__(list(layers), output_dim, heads or 1, input_resolution, width)
        self.out_channels = [width * 4, width * 8, width * 16, width * 32]
        grid, dim = input_resolution // 32, width * 32
        require_multiple("CLIPVisualTrunk: 32 times the width", dim, heads or 1)
        self.attnpool = DenseAttentionPool(grid, dim, heads, output_dim) if heads else None

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the maps (B, C_i, H/s, W/s) at the strides s = 4, 8, 16, 32.

        Args:
            images: Normalised images (B, 3, H, W).
        """
        if self.with_cp and self.training:
            return self._recomputed(images)
        feature, maps = self.stem(images), []
        for stage in self._stages():
            feature = stage(feature)
            maps.append(feature)
        return maps

    def _recomputed(self, images: Tensor) -> list[Tensor]:
        from timm.models import checkpoint_seq  # not at the top: all of timm's networks come along

        feature, maps = checkpoint_seq([self.stem], images), []
        for stage in self._stages():
            feature = checkpoint_seq(stage, feature)
            maps.append(feature)
        return maps

    def _stages(self) -> tuple[nn.Module, ...]:
        return self.layer1, self.layer2, self.layer3, self.layer4

    def embed(self, last_level: Tensor) -> tuple[Tensor, Tensor]:
        """Return the global (B, D) and the dense embedding (B, D, H/32, W/32) of the last map."""
        assert self.attnpool is not None, "built without attention pool"
        return self.attnpool(last_level)
