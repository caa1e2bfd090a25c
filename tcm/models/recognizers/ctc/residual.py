"""A plain residual trunk for word crops: dense 3 x 3 convolutions, which a CPU computes fastest."""

from collections.abc import Sequence

from torch import Tensor, nn

from tcm.errors import ConfigError
from tcm.registry import MODELS
from tcm.values import NotNegative, Positive


@MODELS.register()
class ResidualColumns(nn.Module):
    """Residual blocks (He et al., 2016) in stages; a map has a quarter of the crop's columns.

    The stem halves both sides twice; each further stage halves the height alone.

    Args:
        widths: Channels of the stages.
        depths: Residual blocks of each.
    """

    def __init__(
        self, widths: Sequence[Positive] = (48, 96, 128), depths: Sequence[NotNegative] = (1, 2, 1)
    ) -> None:
        super().__init__()
        if not widths or len(widths) != len(depths):
            raise ConfigError(
                f"ResidualColumns: {len(widths)} widths and {len(depths)} depths; one of each for "
                "a stage is wanted"
            )
        parts: list[nn.Module] = [*_conv(3, max(widths[0] // 2, 1), (2, 2))]
        channels = max(widths[0] // 2, 1)
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            parts += _conv(channels, width, (2, 1) if stage else (2, 2))
            parts += [_Block(width) for _ in range(depth)]
            channels = width
        self.layers = nn.Sequential(*parts)
        self.halvings = 1 + len(widths)
        self.out_channels = channels

    def out_height(self, height: int) -> int:
        """Return the rows of the map of a crop `height` pixels high."""
        for _ in range(self.halvings):
            height = (height + 1) // 2
        return height

    def forward(self, images: Tensor) -> Tensor:
        """Return the map (B, C, h, w) of normalised crops (B, 3, H, W)."""
        return self.layers(images)


def _conv(channels: int, width: int, stride: tuple[int, int] = (1, 1)) -> list[nn.Module]:
    conv = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
    return [conv, nn.BatchNorm2d(width), nn.ReLU(inplace=True)]


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        last = nn.BatchNorm2d(width)
        nn.init.zeros_(last.weight)  # a block begins as the identity
        self.body = nn.Sequential(*_conv(width, width), _conv(width, width)[0], last)
        self.act = nn.ReLU(inplace=True)

    def forward(self, images: Tensor) -> Tensor:
        return self.act(images + self.body(images))
