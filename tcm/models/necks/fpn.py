"""FPN, the feature pyramid network (Lin et al., CVPR 2017, section 3)."""

from collections.abc import Sequence

from torch import Tensor, nn
from torchvision.ops import FeaturePyramidNetwork

from tcm.errors import ConfigError
from tcm.models.aligned import AlignedConv2d
from tcm.registry import MODELS
from tcm.values import Positive


@MODELS.register()
class FPN(nn.Module):
    """Merge levels top-down and return each of them with the same width.

    Lateral 1x1 and output 3x3 convolutions with biases, nearest enlargement, no activation.

    Args:
        in_channels: Widths of the backbone's levels, strides 4, 8, 16, 32.
        out_channels: Width of every level returned.
        start_level: Index of the first level used; 1 begins at stride 8.

    Attributes:
        out_channels: As the argument.

    Raises:
        ConfigError: There is no such level.
    """

    def __init__(
        self, in_channels: Sequence[int], out_channels: Positive = 256, start_level: int = 1
    ) -> None:
        super().__init__()
        if not 0 <= start_level < len(in_channels):
            raise ConfigError(
                f"FPN: start_level must lie in 0..{len(in_channels) - 1}, got {start_level}"
            )
        self.out_channels = out_channels
        self.start_level = start_level
        self.pyramid = FeaturePyramidNetwork(list(in_channels[start_level:]), out_channels)
        for block, width in zip(self.pyramid.inner_blocks, in_channels[start_level:], strict=True):
            aligned = AlignedConv2d(width, out_channels, 1)
            aligned.load_state_dict(block[0].state_dict())
            block[0] = aligned

    def forward(self, levels: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return the levels from `start_level` on, each (B, out_channels, H/s, W/s).

        Args:
            levels: The backbone's maps (B, C_i, H/s, W/s), one per entry of `in_channels`.
        """
        used = {str(i): level for i, level in enumerate(levels[self.start_level :])}
        return tuple(self.pyramid(used).values())
