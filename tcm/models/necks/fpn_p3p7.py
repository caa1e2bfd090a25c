"""The feature pyramid P3 to P7 of RetinaNet and FCOS (Lin et al., ICCV 2017; Tian et al., 2019).

Shapes: B batch, C_i channels of the backbone's level i, O channels of every output.
"""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from tcm.models.aligned import AlignedConv2d
from tcm.models.necks.fpn_p2p7 import resized
from tcm.registry import MODELS
from tcm.values import Positive


@MODELS.register()
class FPNP3P7(nn.Module):
    """Merge the levels of the strides 8 to 32 top-down, smooth each, and add two by strides of 2.

    Args:
        in_channels: Widths C_i of the backbone's levels, strides 4, 8, 16, 32.
        out_channels: Width O of every output.
        extra: What P6 is made from: ``input``, the backbone's last level (RetinaNet, ATSS), or
            ``output``, P5, with a ReLU before P7 (FCOS).

    Attributes:
        out_channels: O.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: Positive = 256,
        extra: Literal["input", "output"] = "output",
    ) -> None:
        super().__init__()
        self.out_channels, self.extra = out_channels, extra
        used = in_channels[1:]
        self.lateral_convs = nn.ModuleList(AlignedConv2d(c, out_channels, 1) for c in used)
        self.smooth_convs = nn.ModuleList(
            nn.Conv2d(out_channels, out_channels, 3, padding=1) for _ in used
        )
        first = used[-1] if extra == "input" else out_channels
        self.extra_convs = nn.ModuleList(
            AlignedConv2d(width, out_channels, 3, stride=2, padding=1)
            for width in (first, out_channels)
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.xavier_uniform_(layer.weight)
                assert layer.bias is not None, "all have one"
                nn.init.zeros_(layer.bias)

    def forward(self, levels: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return P3 to P7, (B, O, ceil(H/s), ceil(W/s)) at the strides s = 8 to 128.

        Args:
            levels: Four maps (B, C_i, H/s, W/s) at strides 4, 8, 16, 32.
        """
        used = levels[1:]
        merged = [conv(level) for conv, level in zip(self.lateral_convs, used, strict=True)]
        for i in range(len(merged) - 1, 0, -1):
            merged[i - 1] = merged[i - 1] + resized(merged[i], merged[i - 1])
        outputs = [conv(level) for conv, level in zip(self.smooth_convs, merged, strict=True)]
        sixth = self.extra_convs[0](used[-1] if self.extra == "input" else outputs[-1])
        between = sixth.relu() if self.extra == "output" else sixth
        return (*outputs, sixth, self.extra_convs[1](between))
