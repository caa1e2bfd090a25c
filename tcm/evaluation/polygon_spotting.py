"""End-to-end spotting of curved text, as AdelaiDet scores it: polygons with ``####text``.

The rule is the RRC's on polygons. Total-Text is scored in word-spotting mode and CTW1500 in
end-to-end mode, as by AdelaiDet and those that build on it (ABCNet, TESTR, DeepSolo).
"""

from abc import ABC
from dataclasses import replace

import numpy as np

from tcm.annotations.files import TextFile
from tcm.annotations.instance import Instance
from tcm.annotations.polygon_lines import read_labelled
from tcm.annotations.texts import written
from tcm.annotations.totaltext import MARK, is_official, read_truths
from tcm.evaluation.matching.image_pair import Annotations
from tcm.evaluation.spotting_protocol import SpottingProtocol
from tcm.registry import METRICS
from tcm.structures import TextInstances


class PolygonSpotting(SpottingProtocol, ABC):
    """Files of lines ``x1,y1,...,####text``, named by the image's number, in AdelaiDet of 7 digits.

    As in the RRC's files, quotes around a text are removed.
    """

    image_pattern = r"(?:poly_)?(?:gt_)?(?:img_?)?0*([0-9]+)"
    image_hint = "imgN or N"
    truth_pattern = rf"(?:.*/)?{image_pattern}\.txt"
    detection_pattern = r"(?:res_)?(?:img_?)?0*([0-9]+)\.txt"
    member = "{:0>7}.txt"

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read the lines; the text ``###`` is don't-care."""
        return _with_texts(read_labelled(file, strict, quotes="drop"), file)

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read the lines."""
        return _with_texts(read_labelled(file, strict, quotes="drop"), file)

    def row(self, detections: Annotations, index: int) -> str:
        """Return the line of a submission, counter-clockwise on the screen, as the script wants."""
        numbers = detections.polygons[index][::-1].astype(int).ravel()
        text = written((detections.texts or [])[index])
        return ",".join(map(str, numbers.tolist())) + f",####{text}"


@METRICS.register()
class TotalTextEndToEnd(PolygonSpotting):
    """Precision, recall and hmean of polygons with texts on Total-Text.

    Ground truth may also be the benchmark's own .mat or text files. Arguments and errors are those
    of `SpottingProtocol`.
    """

    benchmark = "Total-Text"
    field_mode = "word_spotting"
    truth_pattern = rf"(?:.*/)?{PolygonSpotting.image_pattern}\.(?:txt|mat)"

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,####text`` or an official annotation."""
        if is_official(file):
            return read_truths(file, "unreadable")
        return super().parse_truths(file, strict)

    def take_truths(self, truth: TextInstances) -> Annotations:
        """Return ground truths in memory; those with the text ``#`` are don't-care too."""
        found = super().take_truths(truth)
        marked = np.array([text == MARK for text in found.texts or []], bool)
        return replace(found, ignored=found.ignored | marked)


@METRICS.register()
class CTW1500EndToEnd(PolygonSpotting):
    """Precision, recall and hmean of polygons with texts on CTW1500.

    Arguments and errors are those of `SpottingProtocol`.
    """

    benchmark = "CTW1500"


def _with_texts(found: list[Instance], file: TextFile) -> list[Instance]:
    """Return the instances; raise if one has no text."""
    for (number, line), one in zip(file.lines(blank=False), found, strict=True):
        if one.text is None:
            raise file.mistake(number, "'x1,y1,x2,y2,...,####text' is wanted", line)
    return found
