"""End-to-end spotting of curved text, as AdelaiDet scores it: polygons with ``####text``.

The rule is the RRC's on polygons. Total-Text is scored in word-spotting mode and CTW1500 in
end-to-end mode, as by AdelaiDet and those that build on it (ABCNet, TESTR, DeepSolo).
"""

import re
from abc import ABC
from dataclasses import replace

import numpy as np

from tcm.errors import DataError
from tcm.evaluation.annotations import Annotations
from tcm.evaluation.files.archives import TextFile
from tcm.evaluation.files.polygon_lines import DONT_CARE, outline, parse_labelled
from tcm.evaluation.files.rrc_lines import unquoted, written
from tcm.evaluation.files.totaltext import MAT_HEADER, read_truths
from tcm.evaluation.spotting_protocol import SpottingProtocol
from tcm.registry import METRICS

_UNREAD = ("#", DONT_CARE)
_OFFICIAL = re.compile(r"\s*x:")


class PolygonSpotting(SpottingProtocol, ABC):
    """Files of lines ``x1,y1,...,####text``, named by the image's number, in AdelaiDet of 7 digits.

    As in the RRC's files, quotes around a text are removed.
    """

    image_pattern = r"(?:poly_)?(?:gt_)?(?:img_?)?0*([0-9]+)"
    image_hint = "imgN or N"
    truth_pattern = rf"(?:.*/)?{image_pattern}\.txt"
    detection_pattern = r"(?:res_)?(?:img_?)?0*([0-9]+)\.txt"
    member = "{:0>7}.txt"

    def parse_truths(self, file: TextFile) -> Annotations:
        """Read the lines; the text ``###`` is don't-care."""
        found = self.parse_detections(file)
        ignored = [text == DONT_CARE for text in found.texts or []]
        return Annotations.of(found.polygons, ignored, texts=found.texts)

    def parse_detections(self, file: TextFile) -> Annotations:
        """Read the lines."""
        lines = file.parse(_parse)
        return Annotations.of([line[0] for line in lines], texts=[line[1] for line in lines])

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

    def parse_truths(self, file: TextFile) -> Annotations:
        """Read lines ``x1,y1,...,####text`` or an official annotation."""
        if file.raw.startswith(MAT_HEADER) or _OFFICIAL.match(file.content):
            truths = read_truths(file)
            unread = np.array([text in _UNREAD for text in truths.texts or []], bool)
            return replace(truths, ignored=truths.ignored | unread)
        return super().parse_truths(file)


@METRICS.register()
class CTW1500EndToEnd(PolygonSpotting):
    """Precision, recall and hmean of polygons with texts on CTW1500.

    Arguments and errors are those of `SpottingProtocol`.
    """

    benchmark = "CTW1500"


def _parse(line: str) -> tuple[np.ndarray, str]:
    numbers, text = parse_labelled(line)
    if text is None:
        raise DataError("'x1,y1,x2,y2,...,####text' is wanted")
    return outline(numbers), unquoted(text)
