"""The detection part of ABCNet: FCOS with Bezier curves (Liu et al., CVPR 2020, section 3.1).

Tian et al., ICCV 2019, has the towers. Shapes: B batch, C channels, D channels of the towers, h and
w the sides of a level.
"""

import math
from collections.abc import Sequence

from torch import Tensor, nn

from tcm.models.spotters.abcnet.levels import STRIDES
from tcm.registry import MODELS
from tcm.values import Positive, require_multiple

_PRIOR = 0.01  # probability of text that the classifier starts with


@MODELS.register()
class FCOSHead(nn.Module):
    """Predict at every pixel of every level: text, its box, its centre, its Bezier curves.

    Args:
        in_channels: C; the levels share the weights.
        width: D.
        groups: Of the group norms.
        depth: Convolutions of a tower.
    """

    def __init__(
        self, in_channels: int, width: Positive = 256, groups: Positive = 32, depth: Positive = 4
    ) -> None:
        super().__init__()
        require_multiple("FCOSHead: width", width, groups)
        self.cls_tower = _tower(in_channels, width, groups, depth)
        self.box_tower = _tower(in_channels, width, groups, depth)
        self.cls = nn.Conv2d(width, 1, 3, padding=1)
        self.box = nn.Conv2d(width, 4, 3, padding=1)
        self.centerness = nn.Conv2d(width, 1, 3, padding=1)
        self.bezier = nn.Conv2d(width, 16, 3, padding=1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=0.01)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # all have one
        nn.init.constant_(self.cls.bias, -math.log((1 - _PRIOR) / _PRIOR))  # type: ignore[arg-type]

    def forward(self, levels: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return four maps of each level, under names such as ``cls_8`` with the level's stride.

        ``cls`` (B, 1, h, w) logits; ``box`` (B, 4, h, w) distances to the left, top, right and
        bottom in strides, not negative; ``centerness`` (B, 1, h, w) logits; ``bezier``
        (B, 16, h, w) control points from the location, in strides.

        Args:
            levels: P3 to P7, (B, C, h, w) each.
        """
        maps = {}
        for stride, level in zip(STRIDES, levels, strict=True):
            classified, regressed = self.cls_tower(level), self.box_tower(level)
            maps[f"cls_{stride}"] = self.cls(classified)
            maps[f"box_{stride}"] = self.box(regressed).relu()
            maps[f"centerness_{stride}"] = self.centerness(regressed)
            maps[f"bezier_{stride}"] = self.bezier(regressed)
        return maps


def _tower(in_channels: int, width: int, groups: int, depth: int) -> nn.Sequential:
    return nn.Sequential(
        *(
            nn.Sequential(
                nn.Conv2d(width if i else in_channels, width, 3, padding=1),
                nn.GroupNorm(groups, width),
                nn.ReLU(inplace=True),
            )
            for i in range(depth)
        )
    )
