"""Which regions the recognizer of ABCNet learns from.

Liu et al., CVPR 2020, section 3.3: the true curves; TPAMI 2022, section 3.5 ("Adaptive End-to-end
Training"): predicted ones as well. Shapes: B batch, N texts, R regions, T characters.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from tcm.models.spotters.abcnet.decode import ABCNetDecoder, Detections
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
        decoder: ABCNetDecoder,
    ) -> tuple[Tensor, Tensor]:
        """Return the regions (R, 17), image index and 16 numbers, and their classes (R, T).

        Args:
            predictions: The maps of `FCOSHead`.
            targets: The rows of `ABCNetTargets`, stacked.
            decoder: Finds the predicted curves.
        """
        beziers, texts = targets["bezier_rows"].float(), targets["text_rows"]
        image, row = torch.nonzero(targets["readable_rows"] > 0, as_tuple=True)
        if self.adaptive:
            detections = decoder(predictions, score_thr=self.score_thr)
            found, owner_image, owner = _matched(detections, targets)
        else:
            found, owner_image, owner = beziers.new_zeros(0, 16), image[:0], row[:0]
        images = torch.cat([image, owner_image])
        curves = torch.cat([beziers[image, row], found])
        rois = torch.cat([images.unsqueeze(1).to(curves), curves], dim=1)
        classes = texts[images, torch.cat([row, owner])]
        if self.max_rois is not None and len(rois) > self.max_rois:
            chosen = torch.randperm(len(rois))[: self.max_rois].to(rois.device)
            rois, classes = rois[chosen], classes[chosen]
        return rois, classes


def _matched(
    detections: Sequence[Detections], targets: Mapping[str, Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the predicted curves (R, 16) next to a readable text, its image and its row (R,)."""
    counts = [len(d.beziers) for d in detections]
    curves = torch.cat([d.beziers for d in detections])
    images = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts)).to(curves.device)
    distance = (curves.unsqueeze(1) - targets["bezier_rows"].float()[images]).abs().sum(dim=2)
    nearest = distance.masked_fill(targets["valid_rows"][images] == 0, torch.inf).argmin(dim=1)
    readable = targets["readable_rows"][images, nearest] > 0
    return curves[readable], images[readable], nearest[readable]
