"""Which regions the recognizer of ABCNet learns from.

Liu et al., CVPR 2020, section 3.3: the true curves; TPAMI 2022, section 3.5 ("Adaptive End-to-end
Training"): predicted ones as well. Shapes: B batch, N texts, D detections of a batch, Q regions
that may be chosen, T characters.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tcm.models.spotters.abcnet.finder import TextFinder
from tcm.registry import MODELS
from tcm.values import Positive


@MODELS.register()
class ABCNetRois(nn.Module):
    """Choose the regions of a training step, each with its transcription.

    Args:
        adaptive: Add the predicted curves (v2), each with the transcription of the true text whose
            16 control numbers are nearest in L1; where that one is not readable, it is left out.
        score_thr: Least probability of the predicted ones.
        max_rois: Regions of a batch at most, drawn at random; None is unlimited.
    """

    def __init__(
        self, adaptive: bool = False, score_thr: float = 0.7, max_rois: Positive | None = None
    ) -> None:
        super().__init__()
        self.adaptive = adaptive
        self.score_thr = score_thr
        self.max_rois = max_rois

    @torch.no_grad()
    def forward(
        self,
        predictions: Mapping[str, Tensor],
        targets: Mapping[str, Tensor],
        finder: TextFinder,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return regions (Q, 17), their classes (Q, T) and which of them are chosen, bool (Q,).

        A region is an image index and 16 numbers. How many are chosen stays on the device.

        Args:
            predictions: The maps of `FCOSHead`.
            targets: The rows of `ABCNetTargets`, stacked.
            finder: Finds the predicted curves.
        """
        curves, texts = targets["bezier_rows"].float(), targets["text_rows"]
        batch, rows = curves.shape[:2]
        images = torch.arange(batch, device=curves.device).repeat_interleave(rows)
        curves, classes = curves.flatten(0, 1), texts.flatten(0, 1)
        chosen = targets["readable_rows"].flatten() > 0
        if self.adaptive:
            found, image, kept = finder.find(predictions, self.score_thr)
            owner, readable = _owners(found.beziers, image, targets)
            curves, images = torch.cat([curves, found.beziers]), torch.cat([images, image])
            classes = torch.cat([classes, texts[image, owner]])
            chosen = torch.cat([chosen, kept & readable])
        if self.max_rois is not None:
            lot = torch.rand(len(chosen), device=chosen.device).masked_fill(~chosen, 2.0)
            chosen = chosen & (lot.argsort().argsort() < self.max_rois)
        return torch.cat([images.unsqueeze(1).to(curves), curves], dim=1), classes, chosen


def _owners(curves: Tensor, image: Tensor, targets: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return the row of the text next to each predicted curve, and whether it is readable, (D,)."""
    distance = (curves.unsqueeze(1) - targets["bezier_rows"].float()[image]).abs().sum(dim=2)
    nearest = distance.masked_fill(targets["valid_rows"][image] == 0, torch.inf).argmin(dim=1)
    return nearest, targets["readable_rows"][image, nearest] > 0
