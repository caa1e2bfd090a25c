"""MSRA-TD500: three rules on one set of files.

``icdar2015``: as ICDAR2015, difficult texts don't-care; what papers report now. ``pan_pp``: the
script of PSENet and pan_pp; a ground truth is found if any detection has IoU >= 0.5, difficult ones
too, and all detections count. ``angle``: IoU of the un-rotated rectangles > 0.5 and the angles less
than pi/8 apart, without wrap-around.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import pi
from typing import Literal

import numpy as np

from tcm.annotations.files import TextFile
from tcm.annotations.instance import Instance, Rectangle
from tcm.annotations.msra_td500 import parse_detection, read_truths, rectangle_of
from tcm.errors import DataError
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.regions import even_odd_regions, ratios
from tcm.evaluation.matching.rrc_iou import ImageMatch, match_image, total
from tcm.evaluation.protocol import DetectionProtocol
from tcm.evaluation.scores import Scores
from tcm.geometry.polygons import intersection_areas
from tcm.registry import METRICS
from tcm.structures import TextInstances


@METRICS.register()
class MSRATD500(DetectionProtocol):
    """Precision, recall and hmean by one of three rules.

    Args:
        rule: "icdar2015", "pan_pp" or "angle".
        iou: A match needs an intersection over union above this, or at least this for "pan_pp".
        area_precision: A detection is don't-care above this share of its area inside a don't-care
            ground truth; unused by "pan_pp".
        angle_diff: In radians, what the angles must be closer than; used by "angle".

    Raises:
        ConfigError: An unknown rule.
    """

    truth_pattern = r"(?:.*/)?(?:gt_(?:img_)?)?([^/]+)\.(?:gt|txt)"
    detection_pattern = r"(?:res_(?:img_)?)?(.+)\.txt"
    quads = True

    def __init__(
        self,
        rule: Literal["icdar2015", "pan_pp", "angle"] = "icdar2015",
        iou: float = 0.5,
        area_precision: float = 0.5,
        angle_diff: float = pi / 8,
    ) -> None:
        self.rule = rule
        self.iou = iou
        self.area_precision = area_precision
        self.angle_diff = angle_diff
        if rule == "angle":
            self.image_pattern = r"(?:img_)?(.+)"
            self.member = "res_img_{}.txt"
            self.invalid_rule = "rectangles only: those without area match nothing"

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        rules = {
            "icdar2015": f"IoU > {self.iou:g}, first come first matched, difficult don't-care",
            "pan_pp": f"any IoU >= {self.iou:g} finds a text, all detections count (PSENet)",
            "angle": f"un-rotated IoU > {self.iou:g} and angles closer than "
            f"{self.angle_diff:.4f} rad, difficult don't-care",
        }
        return f"MSRA-TD500 ({self.rule}): {rules[self.rule]}"

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``index difficult x y w h angle`` or ``xmin,ymin,xmax,ymax,angle,text``."""
        return read_truths(file, strict)

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,x4,y4`` or ``xmin,ymin,xmax,ymax,angle``."""
        return file.parse(lambda line: parse_detection(line, strict), blank=strict)

    def annotations(self, found: Sequence[Instance]) -> Annotations:
        """Return polygons, or for "angle" rectangles turned upright."""
        outlines = [one.polygon if one.rectangle is None else one.rectangle for one in found]
        return self._of(outlines, [one.ignored for one in found])

    def take_truths(self, truth: TextInstances) -> Annotations:
        """Return the polygons, or for "angle" their rectangles of least area turned upright."""
        if self.rule != "angle":
            return super().take_truths(truth)
        return self._of(truth.polygons, truth.ignored)

    def take_detections(self, prediction: TextInstances) -> Annotations:
        """Return integer quadrilaterals, or for "angle" rectangles of least area turned upright."""
        found = super().take_detections(prediction)
        return self._of(found.polygons) if self.rule == "angle" else found

    def row(self, detections: Annotations, index: int) -> str:
        """Return the line of a submission for one detection."""
        if self.rule != "angle":
            return super().row(detections, index)
        assert detections.angles is not None
        corners = detections.polygons[index][[0, 2]].astype(np.int64).ravel()
        return ",".join([*map(str, corners.tolist()), f"{detections.angles[index]:.4f}"])

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images."""
        if self.rule != "pan_pp":
            return total([self._match(image) for image in images], self.protocol)
        counts = np.array([self._count(image) for image in images], np.int64).reshape(-1, 3)
        found, truths, detections = counts.sum(axis=0).tolist()
        return Scores(found, truths, detections, self.protocol)

    def _of(
        self,
        outlines: Sequence[np.ndarray | Rectangle],
        ignored: Sequence[bool] | np.ndarray | None = None,
    ) -> Annotations:
        if self.rule != "angle":
            shapes = [o.rotated() if isinstance(o, Rectangle) else o for o in outlines]
            return Annotations.of(shapes, ignored)
        rectangles = [o if isinstance(o, Rectangle) else rectangle_of(o) for o in outlines]
        angles = [rectangle.angle for rectangle in rectangles]
        return Annotations.of([r.upright() for r in rectangles], ignored, angles=angles)

    def _match(self, image: ImagePair) -> ImageMatch:
        near = None
        if self.rule == "angle":
            angles = image.truths.angles, image.detections.angles
            if angles[0] is None or angles[1] is None:
                raise DataError(f"image {image.name}: rectangles without angles")
            near = np.abs(angles[0][:, None] - angles[1]) < self.angle_diff
        match = match_image(
            image.name,
            image.truths.polygons,
            image.truths.ignored,
            image.detections.polygons,
            iou=self.iou,
            area_precision=self.area_precision,
            allowed=near,
        )
        # Rectangles of "angle" are turned upright: no outlines to be shown.
        return match if self.rule == "angle" else replace(match, image=image)

    def _count(self, image: ImagePair) -> tuple[int, int, int]:
        """Return the texts found, those that count (found or not difficult), and all detections."""
        truth_regions, truth_areas = even_odd_regions(image.truths.polygons)
        regions, areas = even_odd_regions(image.detections.polygons)
        inter = intersection_areas(truth_regions, regions)
        overlaps = ratios(inter, truth_areas[:, None] + areas - inter)
        found = (overlaps >= self.iou).any(axis=1)
        return int(found.sum()), int((found | ~image.truths.ignored).sum()), len(areas)
