"""BezierAlign: the feature between two Bezier curves as a rectangle (Liu et al., CVPR 2020, 3.2).

Shapes: B batch, C channels, H and W the sides of the feature; R regions, h and w the sides of the
output, S = n * n samples of a cell. A Bezier is 8 control points: 0 to 3 the upper curve from left
to right, 4 to 7 the lower one from right to left.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from tcm.models.losses import full_precision


def bezier_align(
    feature: Tensor,
    rois: Tensor,
    size: tuple[int, int],
    scale: float,
    sampling_ratio: int = 1,
    aligned: bool = True,
) -> Tensor:
    """Return the feature inside each region, (R, C, h, w), in float32 at least.

    The column c and row r of the output lie at c / w and r / h of the way along and between the
    curves. Samples that lie more than a pixel outside the feature are 0. The regions get no
    gradient, as in the authors' operator.

    Args:
        feature: (B, C, H, W); best in channels-last order, which saves a copy.
        rois: (R, 17): the image's index in the batch and the 16 control numbers in its pixels.
        size: (h, w).
        scale: Pixels of the feature per pixel of the image.
        sampling_ratio: n; the mean of n x n samples around each point is taken, spread as the
            chords of the curves are wide and high. The authors' 0, a number that depends on the
            region, gives zeros for horizontal text and is not offered.
        aligned: Put the centre of the feature's first pixel at half a pixel of the feature. Without
            it the chords also count as one pixel at least.
    """
    with full_precision(feature):
        feature = feature.to(torch.promote_types(feature.dtype, torch.float32))
        x, y = sample_points(rois[:, 1:].to(feature.dtype), size, scale, sampling_ratio, aligned)
        sampled = _sample(feature, rois[:, 0].to(feature.dtype), x.flatten(2), y.flatten(2))
        return sampled.unflatten(-1, (size[1], -1)).mean(dim=-1)


@torch.no_grad()
def sample_points(
    beziers: Tensor, size: tuple[int, int], scale: float, sampling_ratio: int, aligned: bool
) -> tuple[Tensor, Tensor]:
    """Return x and y of the samples, (R, h, w, S) each, in pixels of the feature.

    Args:
        beziers: (R, 16) in pixels of the image.
        size: (h, w).
        scale: Pixels of the feature per pixel of the image.
        sampling_ratio: n of S = n * n.
        aligned: See `bezier_align`.
    """
    points = beziers.unflatten(1, (8, 2)) * scale - (0.5 if aligned else 0.0)
    along, between = (_counted(n, points) / n for n in reversed(size))
    top, bottom = (
        _bernstein(along) @ points[:, :4],
        _bernstein(along) @ points[:, 4:].flip(1),
    )
    share = between[:, None, None]
    centres = top.unsqueeze(1) * (1 - share) + bottom.unsqueeze(1) * share  # R, h, w, 2
    chords = (points[:, ::4] - points[:, 3::4]).abs().amax(dim=1)  # R, 2: wide and high
    if not aligned:
        chords = chords.clamp(min=1.0)
    width, height = chords.view(-1, 2, 1, 1, 1).unbind(1)
    width, height = width / size[1], height / size[0]
    steps = (_counted(sampling_ratio, points) + 0.5) / sampling_ratio - 0.5
    down, right = (s.flatten() for s in torch.meshgrid(steps, steps, indexing="ij"))
    return centres[..., :1] + right * width, centres[..., 1:] + down * height


def _sample(feature: Tensor, image: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return the feature at points (R, h, w S) of the images (R,) as (R, C, h, w S)."""
    batch, _, height, width = feature.shape
    inside = (x >= -1) & (x <= width) & (y >= -1) & (y <= height)
    # The images become one high image, so that the regions of all are sampled in one call without
    # a copy of the feature for each. Clamped points never reach into the next image.
    high = feature.transpose(0, 1).flatten(1, 2).unsqueeze(0)
    y = y.clamp(0, height - 1) + image[:, None, None] * height
    x = x.clamp(0, width - 1)
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / (batch * height) - 1], dim=-1)
    sampled = F.grid_sample(
        high, grid.flatten(0, 1).unsqueeze(0), padding_mode="border", align_corners=False
    )
    return sampled.squeeze(0).unflatten(1, x.shape[:2]).transpose(0, 1) * inside.unsqueeze(1)


def _counted(n: int, like: Tensor) -> Tensor:
    """Return 0 to n - 1, made where `like` is."""
    return torch.arange(n, dtype=like.dtype, device=like.device)


def _bernstein(t: Tensor) -> Tensor:
    """Return the weights (T, 4) of the control points at parameters (T,)."""
    s = 1 - t
    return torch.stack([s**3, 3 * t * s**2, 3 * t**2 * s, t**3], dim=1)
