"""The training targets of ABCNet (Liu et al., CVPR 2020, section 3.1): rows, no maps.

FCOS (Tian et al., ICCV 2019, section 3) has the assignment. A row stands for a text, or for a
location that learns one; the dense targets follow from the rows by a subtraction in the loss. Rows
need no level sizes, so the levels of strides 64 and 128 fit batches of any size, and they are a
hundredth of the dense maps.
"""

from dataclasses import replace

import numpy as np

from tcm.charset import Charset, CharsetConfig
from tcm.geometry.bezier import polygons_to_beziers
from tcm.models.spotters.abcnet.levels import RANGES, STRIDES, level_size
from tcm.models.spotters.instances import encoded_texts, learnt_texts, matching_maps
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import Positive, PositiveFloat


@TRANSFORMS.register()
class ABCNetTargets:
    """Make the rows of the texts and of the locations that learn them.

    Fills ``sample.maps`` with tables of one row per text that is not ignored and whose box has an
    area in the image (ignored texts are dropped, as the authors do, and count as background):

    * ``box_rows`` float32 (N, 4): left, top, right, bottom of the polygon, clipped to the image;
    * ``bezier_rows`` float32 (N, 16): control points, not clipped; pixels of the network as well;
    * ``text_rows`` int64 (N, length): classes of the transcription, cut and padded;
    * ``valid_rows`` uint8 (N,): 1, so that the padding of a batch can be told;
    * ``readable_rows`` uint8 (N,): 1 where recognition learns the transcription: there is one, not
      empty, and the charset takes it;

    with ``location_rows`` int64 (M, 4): level (0 for P3), row, column and 1 + text of each location
    that learns a text; and with the full-size maps ``matching_map`` (uint8, 1 in texts) and
    ``matching_mask`` (uint8, 0 in ignored ones) for `MatchingLoss`.

    Args:
        charset: As `Charset.build` takes it; the recognizer's.
        length: Classes of a transcription.
        radius: A location learns a text if it lies less than this many strides from the centre of
            its box, horizontally and vertically, and inside the box.
    """

    def __init__(
        self,
        charset: CharsetConfig,
        length: Positive = 25,
        radius: PositiveFloat = 1.5,
    ) -> None:
        self.charset = Charset.build(charset, "ABCNetTargets.charset")
        self.length = length
        self.radius = radius

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with the rows and maps added; `rng` is not used."""
        kept, boxes = learnt_texts(sample)
        beziers = polygons_to_beziers(kept.polygons)
        texts, readable = encoded_texts(kept, self.charset, self.length)
        maps = {
            "box_rows": boxes,
            "bezier_rows": beziers.reshape(-1, 16).astype(np.float32),
            "text_rows": texts,
            "valid_rows": np.ones(len(kept), np.uint8),
            "readable_rows": readable,
            "location_rows": assign_locations(boxes, sample.size, self.radius),
            **matching_maps(sample),
        }
        return replace(sample, maps={**sample.maps, **maps})


def assign_locations(boxes: np.ndarray, size: tuple[int, int], radius: float = 1.5) -> np.ndarray:
    """Return int64 (M, 4): level, row, column and 1 + box of each location that learns a box.

    A location lies at (column * stride + stride // 2, row * stride + stride // 2). It may learn a
    box if it is inside the part of the box that is closer than `radius` strides to its centre, and
    if the box suits the level; of several boxes it learns the smallest.

    Args:
        boxes: float32 (N, 4): left, top, right, bottom in network pixels.
        size: (height, width) of the network's input.
        radius: In strides.
    """
    levels = [
        _assign_level(boxes, level_size(size, stride), level, radius)
        for level, stride in enumerate(STRIDES)
    ]
    return np.concatenate(levels)


def _assign_level(
    boxes: np.ndarray, size: tuple[int, int], level: int, radius: float
) -> np.ndarray:
    stride = STRIDES[level]
    cells, points = _candidates(boxes, stride, radius)  # (N, K, 2): column, row; x, y
    corner, opposite = boxes[:, None, :2], boxes[:, None, 2:]
    reach = np.float32(radius * stride)
    centre = (corner + opposite) / 2
    nearby = (points > np.maximum(centre - reach, corner)) & (
        points < np.minimum(centre + reach, opposite)
    )
    on_level = (cells >= 0) & (cells < np.array(size[::-1]))
    longest = np.maximum(points - corner, opposite - points).max(axis=2)
    low, high = RANGES[level]
    suits = (nearby & on_level).all(axis=2) & (longest >= low) & (longest <= high)
    box, k = np.nonzero(suits)
    columns, rows = cells[box, k].T
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)[box]
    # Smallest box first, the first of equal ones; then the first row of each location is kept.
    order = np.lexsort((box, area))
    place = (rows * size[1] + columns)[order]
    chosen = order[np.unique(place, return_index=True)[1]]
    return np.stack(
        [np.full(len(chosen), level), rows[chosen], columns[chosen], box[chosen] + 1], axis=1
    ).astype(np.int64)


def _candidates(boxes: np.ndarray, stride: int, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells int64 (N, K, 2) around the boxes' centres, and their locations, float32."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    first = np.floor((centres - stride // 2) / stride - radius).astype(np.int64)
    steps = np.arange(int(np.ceil(2 * radius)) + 2)
    columns, rows = np.meshgrid(steps, steps)
    cells = first[:, None] + np.stack([columns.ravel(), rows.ravel()], axis=1)
    return cells, (cells * stride + stride // 2).astype(np.float32)
