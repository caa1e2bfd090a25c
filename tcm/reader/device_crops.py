"""Word crops cut on a GPU: the image goes there once, and each word is one warp."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tcm.inference.reading.crops import Sampling, sampling_of
from tcm.inference.reading.sizes import Crops


@torch.inference_mode()
def cut_on(
    device: torch.device, image: np.ndarray, outlines: Sequence[np.ndarray], policy: Crops
) -> list[Tensor | None]:
    """Return the crops of words, (h, w, 3) uint8 on the device.

    They differ from those of `cut_crop` by rounding.

    Args:
        device: Where they are cut.
        image: (H, W, 3) uint8.
        outlines: (2m, 2) each, in its pixels.
        policy: Of the recognizer.

    Returns:
        None for an outline without area, or outside of the image.
    """
    size = image.shape[0], image.shape[1]
    samplings = [sampling_of(outline, policy, size) for outline in outlines]
    if not any(samplings):
        return [None] * len(samplings)
    picture = torch.from_numpy(image).to(device, non_blocking=True)
    return [None if one is None else _cut(picture, one, policy) for one in samplings]


def _cut(picture: Tensor, sampling: Sampling, policy: Crops) -> Tensor:
    left, top, right, bottom = sampling.window
    part = picture[top:bottom, left:right].permute(2, 0, 1)[None].float()
    # What spans [-1, 1] there spans the part from edge to edge.
    places = sampling.grid * (2 / np.array([right - left, bottom - top])) - 1
    grid = torch.from_numpy(places.astype(np.float32)).to(picture.device, non_blocking=True)
    crop = F.grid_sample(part, grid[None], policy.interpolation, "border", align_corners=False)
    crop = F.avg_pool2d(crop.round().clamp(0, 255), sampling.averaged)
    return crop[0].permute(1, 2, 0).round().to(torch.uint8)
