"""The training targets of TESTR (Zhang et al., CVPR 2022, section 3.5): rows, no maps.

Shapes: N texts, P points.
"""

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np

from tcm.charset import Charset, CharsetConfig
from tcm.errors import ConfigError
from tcm.geometry.bezier import bezier_to_polygon, polygons_to_beziers
from tcm.models.spotters.instances import encoded_texts, learnt_texts, matching_maps
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import Bounds, Positive

Outline = Literal["polygon", "bezier"]


@TRANSFORMS.register()
class TESTRTargets:
    """Make the rows of the texts: boxes, outlines and characters.

    Fills ``sample.maps`` with tables of one row per text that is not ignored and whose box has an
    area in the image. Places are shares of the width and height of what is not padding, float32:

    * ``box_rows`` (N, 4): x and y of the centre, width and height of the box, clipped;
    * ``point_rows`` (N, 2 P): the outline, clockwise from where the text begins, not clipped;
    * ``text_rows`` int64 (N, length): classes of the transcription, cut and padded;
    * ``valid_rows``, ``readable_rows``, ``size_rows`` and the maps as of `DeepSoloTargets`.

    Args:
        charset: As `Charset.build` takes it; the head's.
        outline: ``polygon``, points at equal steps of the parameters of both sides' curves;
            ``bezier``, their 8 control points.
        points: P of a polygon, an even number.
        length: Classes of a transcription, the head's.
    """

    def __init__(
        self,
        charset: CharsetConfig,
        outline: Outline = "polygon",
        points: Annotated[int, Bounds(ge=4)] = 16,
        length: Positive = 25,
    ) -> None:
        if points % 2:
            raise ConfigError(f"TESTRTargets.points: an even number is wanted, got {points}")
        self.charset = Charset.build(charset, "TESTRTargets.charset")
        self.outline, self.points, self.length = outline, points, length

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with the rows and maps added; `rng` is not used."""
        kept, boxes = learnt_texts(sample)
        texts, readable = encoded_texts(kept, self.charset, self.length)
        height, width = sample.valid_size
        outlines = polygons_to_beziers(kept.polygons)
        if self.outline == "polygon":
            outlines = bezier_to_polygon(outlines, self.points // 2)
        count = outlines.shape[1]
        low, high = boxes[:, :2] / [width, height], boxes[:, 2:] / [width, height]
        maps = {
            "box_rows": np.hstack([(low + high) / 2, high - low]).astype(np.float32),
            "point_rows": (outlines / [width, height]).reshape(-1, 2 * count).astype(np.float32),
            "text_rows": texts,
            "valid_rows": np.ones(len(kept), np.uint8),
            "readable_rows": readable,
            "size_rows": np.array([[height, width]], np.int64),
            **matching_maps(sample),
        }
        return replace(sample, maps={**sample.maps, **maps})
