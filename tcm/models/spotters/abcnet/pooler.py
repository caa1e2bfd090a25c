"""From which level a text is read: the height of its first letter decides.

Shapes: B batch, C channels, R regions, h and w the sides of the pooled regions.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tcm.models.spotters.abcnet.bezier_align import bezier_align
from tcm.models.spotters.abcnet.levels import POOLED_STRIDES
from tcm.registry import MODELS
from tcm.values import Pair, Positive


@MODELS.register()
class BezierPooler(nn.Module):
    """Pool each text from one of the levels P2 to P4 by BezierAlign.

    The distance d of the first and the last control point, the height of the text where it begins,
    gives the level floor(3 + log2(d / canonical)), from 2 to 4.

    Args:
        size: (h, w) of a pooled text.
        canonical: d in network pixels from which P3 is taken.
        sampling_ratio: As in `bezier_align`.
    """

    def __init__(
        self,
        size: Pair = (8, 32),
        canonical: float = 96.0,
        sampling_ratio: Positive = 1,
    ) -> None:
        super().__init__()
        self.size = (int(size[0]), int(size[1]))
        self.canonical = canonical
        self.sampling_ratio = sampling_ratio

    def levels(self, rois: Tensor) -> Tensor:
        """Return the level of each region, int64 (R,): 0 for P2 to 2 for P4.

        Args:
            rois: (R, 17) as for `bezier_align`.
        """
        height = torch.linalg.vector_norm(rois[:, 1:3] - rois[:, 15:17], dim=1)
        level = torch.floor(1 + torch.log2(height / self.canonical + 1e-8))
        return level.clamp(0, len(POOLED_STRIDES) - 1).long()

    def forward(self, features: Sequence[Tensor], rois: Tensor) -> Tensor:
        """Return (R, C, h, w); every level takes part in the gradient, also without regions.

        Args:
            features: P2, P3 and P4, (B, C, H/4, W/4) and so on.
            rois: (R, 17): image index and 16 control numbers in network pixels.
        """
        pooled, order = self.pool(features, rois, torch.ones_like(rois[:, 0], dtype=torch.bool))
        return pooled[order.argsort()]

    def select(self, features: Sequence[Tensor], rois: Tensor) -> Tensor:
        """Return what `forward` does, without a shape that depends on values: for exported graphs.

        Each region is pooled from every level, and that of its own is kept.

        Args:
            features: As for `forward`.
            rois: As for `forward`.
        """
        level = self.levels(rois)[:, None, None, None]
        pooled = [
            bezier_align(feature, rois, self.size, 1 / stride, self.sampling_ratio)
            for feature, stride in zip(features, POOLED_STRIDES, strict=True)
        ]
        chosen = pooled[0]
        for i, other in enumerate(pooled[1:], 1):
            chosen = torch.where(level == i, other, chosen)
        return chosen

    def pool(
        self, features: Sequence[Tensor], rois: Tensor, chosen: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the chosen regions pooled, (R, C, h, w), level after level, and their indices.

        The host waits for the device once, for the number of regions of each level.

        Args:
            features: As for `forward`.
            rois: (Q, 17), as for `forward`.
            chosen: bool (Q,), R times true.
        """
        count = len(POOLED_STRIDES)
        level = self.levels(rois).masked_fill(~chosen, count)
        order = level.argsort(stable=True)
        sizes = torch.stack([(level == i).sum() for i in range(count)]).tolist()
        indices = order[: sum(sizes)].split(sizes)
        pooled = [
            bezier_align(feature, rois[index], self.size, 1 / stride, self.sampling_ratio)
            for feature, index, stride in zip(features, indices, POOLED_STRIDES, strict=True)
        ]
        return torch.cat(pooled), torch.cat(indices)
