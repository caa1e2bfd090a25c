"""The training targets of DeepSolo (Ye et al., CVPR 2023, section 3.5): rows, no maps.

Shapes: N texts, P points.
"""

import logging
from dataclasses import replace

import numpy as np

from tcm.charset import Charset, CharsetConfig
from tcm.geometry.bezier import polygons_to_beziers, sample_bezier
from tcm.models.spotters.instances import encoded_texts, learnt_texts, matching_maps
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import Positive

log = logging.getLogger("tcm")
_MOST_TOLD = 5  # texts that are named


@TRANSFORMS.register()
class DeepSoloTargets:
    """Make the rows of the texts: centre curves, points on them, and what is above and below.

    Fills ``sample.maps`` with tables of one row per text that is not ignored and whose box has an
    area in the image (to the authors' code, ignored texts are background). Places are shares of the
    width and height of what is not padding, not clipped, float32:

    * ``bezier_rows`` (N, 8): control points of the centre curve, the mean of both sides;
    * ``point_rows`` (N, 2 P): points at equal steps of the parameter on it, in reading order;
    * ``boundary_rows`` (N, 4 P): points of the upper and of the lower side at the same parameters;
    * ``text_rows`` int64 (N, length): classes of the transcription, cut and padded;
    * ``valid_rows`` uint8 (N,): 1, so that the padding of a batch can be told;
    * ``readable_rows`` uint8 (N,): 1 where the transcription is learnt: there is one, not empty,
      and the charset takes it;
    * ``size_rows`` int64 (1, 2): height and width of what is not padding;

    and with the full-size maps of `matching_maps`.

    A text that CTC cannot align with P points, since it has more characters than that, counting
    each repetition twice, is only found and not read, as in the authors' code: the first ones are
    warned of, and `unaligned` counts them all.

    Args:
        charset: As `Charset.build` takes it; the head's.
        points: P, the head's.
        length: Classes of a transcription.
    """

    def __init__(
        self, charset: CharsetConfig, points: Positive = 25, length: Positive = 25
    ) -> None:
        self.charset = Charset.build(charset, "DeepSoloTargets.charset")
        self.points = points
        self.length = length
        self.unaligned = 0

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with the rows and maps added; `rng` is not used."""
        kept, _ = learnt_texts(sample)
        texts, readable = encoded_texts(kept, self.charset, self.length)
        self._tell(texts, sample.path)
        height, width = sample.valid_size
        sides = polygons_to_beziers(kept.polygons) / np.array([width, height])
        maps = {
            **curve_rows(sides, self.points),
            "text_rows": texts,
            "valid_rows": np.ones(len(kept), np.uint8),
            "readable_rows": readable,
            "size_rows": np.array([[height, width]], np.int64),
            **matching_maps(sample),
        }
        return replace(sample, maps={**sample.maps, **maps})

    def _tell(self, texts: np.ndarray, path: str) -> None:
        """Count the texts that cannot be aligned, and warn of the first ones."""
        blank = self.charset.padding_index
        for text in texts[columns_of(texts, blank) > self.points]:
            self.unaligned += 1
            if self.unaligned <= _MOST_TOLD:
                log.warning(
                    "%s: '%s' cannot be read from %d points and is only found%s",
                    path,
                    self.charset.decode(text),
                    self.points,
                    "; more are not told of" if self.unaligned == _MOST_TOLD else "",
                )


def curve_rows(sides: np.ndarray, points: int) -> dict[str, np.ndarray]:
    """Return ``bezier_rows``, ``point_rows`` and ``boundary_rows`` of `DeepSoloTargets`, float32.

    Args:
        sides: (N, 8, 2) control points: the upper side, and the lower one from right to left.
        points: P.
    """
    upper, lower = sides[:, :4], sides[:, :3:-1]
    above, below = sample_bezier(upper, points), sample_bezier(lower, points)
    rows = {
        "bezier_rows": ((upper + lower) / 2).reshape(-1, 8),
        "point_rows": ((above + below) / 2).reshape(-1, 2 * points),
        "boundary_rows": np.concatenate([above, below], axis=2).reshape(-1, 4 * points),
    }
    return {name: row.astype(np.float32) for name, row in rows.items()}


def columns_of(texts: np.ndarray, blank: int) -> np.ndarray:
    """Return how many columns CTC needs at least for texts (N, L), int64 (N,).

    Args:
        texts: Classes, the blank behind the end.
        blank: Its class.
    """
    there = texts != blank
    again = (texts[:, 1:] == texts[:, :-1]) & there[:, 1:]
    return there.sum(axis=1) + again.sum(axis=1)
