"""End-to-end protocols with 1 - NED: MLT 2019, ReCTS, LSVT and RCTW-17.

Outlines are joined first, and for good; then texts are compared. Each pair counts its edit distance
over the longer text's length, each ground truth and each detection that is left alone counts 1; 1 -
NED is one minus the mean over the set.
"""

from abc import ABC
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from tcm.annotations.files import TextFile
from tcm.annotations.instance import Instance
from tcm.annotations.rrc import LineFormat, read_difficult
from tcm.annotations.texts import written
from tcm.errors import DataError
from tcm.evaluation.art import ArT
from tcm.evaluation.files.submission import confidence_text
from tcm.evaluation.icdar2017_mlt import ICDAR2017MLT
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.ranked import average_precision
from tcm.evaluation.matching.rrc_iou import ImageMatch, match_at, match_pair, total
from tcm.evaluation.ned_scores import NEDScores, added, distances
from tcm.evaluation.reading import spotting
from tcm.evaluation.reading.widths import folded
from tcm.evaluation.scores import Scores
from tcm.evaluation.spotting_protocol import TextProtocol
from tcm.registry import METRICS

_Normal = Callable[[str], str]


class NEDProtocol(TextProtocol, ABC):
    """Texts on quadrilaterals; `also` has the outlines alone.

    Args:
        iou: A match needs an intersection over union above this.
        area_precision: A detection is don't-care above this share of its area inside a don't-care
            ground truth.
    """

    benchmark: str = ""
    texts_rule: str = "full and half width equal, case aside"
    ranks: str = "one_minus_ned"
    quads = True

    def __init__(self, iou: float = 0.5, area_precision: float = 0.5) -> None:
        self.iou = iou
        self.area_precision = area_precision

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        return f"{self.benchmark} end-to-end: IoU > {self.iou:g}, texts equal, {self.texts_rule}"

    @property
    def text_rule(self) -> str:
        """What is done with texts before they are compared."""
        return self.texts_rule

    def normal(self, text: str) -> str:
        """Return a text as it is compared."""
        return folded(text)

    def join(self, image: ImagePair) -> ImageMatch:
        """Join the outlines of an image."""
        return match_pair(image, self.iou, self.area_precision)

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images."""
        joined = [self.join(image) for image in images]
        return replace(
            read(joined, self.normal, self.protocol, self.ranks), also=[self._outlines(joined)]
        )

    def _outlines(self, joined: Sequence[ImageMatch]) -> Scores:
        rule = f"{self.benchmark} detection only: IoU > {self.iou:g}, texts not compared"
        return total(joined, rule)


@METRICS.register()
class MLT19EndToEnd(NEDProtocol):
    """MLT 2019 task 4: hmean of texts equal to the letter ranks; in `also` case aside, with AP.

    Arguments are those of `NEDProtocol`.
    """

    benchmark = "ICDAR2019 MLT"
    texts_rule = "case counts"
    ranks = "hmean"
    image_pattern = ICDAR2017MLT.image_pattern
    image_hint = ICDAR2017MLT.image_hint
    truth_pattern = ICDAR2017MLT.truth_pattern
    detection_pattern = ICDAR2017MLT.detection_pattern
    member = ICDAR2017MLT.member

    def normal(self, text: str) -> str:
        """Return the text as it is."""
        return text

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,x4,y4,script,transcription``; quotes belong to the text."""
        return LineFormat(script=True, transcription=True, strict=strict).read(file, quotes="keep")

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,x4,y4,confidence,transcription``."""
        form = LineFormat(confidence=True, transcription=True, strict=strict)
        return form.read(file, quotes="keep")

    def row(self, detections: Annotations, index: int) -> str:
        """Return the line of a submission; without scores a confidence is 1."""
        scores = detections.confidences
        score = 1.0 if scores is None else scores[index].astype("float32")
        text = (detections.texts or [])[index]
        if "\n" in text or "\r" in text:
            raise DataError(f"the text {text!r} has a line break")
        return f"{super().row(detections, index)},{confidence_text(score)},{text}"

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images."""
        joined = [self.join(image) for image in images]
        exact = read(joined, self.normal, self.protocol, self.ranks)
        aside = self.protocol.replace(self.texts_rule, "case aside")
        # Each has its own confidences, in the order in which they were joined.
        ranked = [_with_confidences(match) for match in joined]
        upper = read(ranked, str.upper, aside, self.ranks)
        return replace(exact, also=[upper, self._outlines(joined)])


@METRICS.register()
class ReCTS(NEDProtocol):
    """ReCTS tasks 3 and 4: `also` has the detection, the figure that ranks is 1 - NED.

    Arguments are those of `NEDProtocol`.
    """

    benchmark = "ReCTS"
    truth_pattern = r"(?:gt_)?(.+)\.txt"
    detection_pattern = r"(?:res_)?(.+)\.txt"

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,x4,y4,transcription``; the text ``###`` is don't-care."""
        return LineFormat(transcription=True, strict=strict).read(file, quotes="keep")

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,x4,y4,transcription``."""
        return LineFormat(transcription=True, strict=strict).read(file, quotes="keep")

    def row(self, detections: Annotations, index: int) -> str:
        """Return the line of a submission."""
        text = (detections.texts or [])[index]
        if "\n" in text or "\r" in text:
            raise DataError(f"the text {text!r} has a line break")
        return f"{super().row(detections, index)},{text}"


@METRICS.register()
class LSVTEndToEnd(NEDProtocol):
    """LSVT (and ArT) end to end on polygons: pairs in falling order of IoU, 1 - NED ranks.

    Ground truth is the benchmark's JSON of ``gt_N``. Simplified and traditional characters, which
    are one on the server, are two here.

    Arguments are those of `NEDProtocol`.
    """

    benchmark = "LSVT"
    quads = False
    image_pattern = ArT.image_pattern
    image_hint = ArT.image_hint
    truth_pattern = ArT.truth_pattern
    detection_pattern = ArT.detection_pattern
    member = "res_{}.txt"

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,####text``."""
        return ArT().parse_truths(file, strict)

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,####text``."""
        return ArT().parse_truths(file, strict)

    def read_truths(self, path: str | Path, strict: bool = False) -> dict[str, Annotations]:
        """Read the benchmark's JSON, a unified JSON or text files."""
        own = ArT.own_json(path, "gt_")
        return super().read_truths(path, strict) if own is None else own

    def read_detections(
        self, path: str | Path, names: Sequence[str], strict: bool = True
    ) -> dict[str, Annotations]:
        """Read the benchmark's JSON of ``res_N``, a unified JSON or text files."""
        own = ArT.own_json(path, "res_")
        return super().read_detections(path, names, strict) if own is None else own

    def row(self, detections: Annotations, index: int) -> str:
        """Return a line ``x1,y1,...,####text``."""
        text = written((detections.texts or [])[index])
        return f"{super().row(detections, index)},####{text}"

    def join(self, image: ImagePair) -> ImageMatch:
        """Join the outlines of an image, the best overlap first."""
        name, truths, found = image
        (match,) = match_at(
            name,
            truths.polygons,
            truths.ignored,
            found.polygons,
            (self.iou,),
            area_precision=self.area_precision,
            best_first=True,
        )
        return replace(match, image=image)


@METRICS.register()
class RCTW(NEDProtocol):
    """RCTW-17: hmean and AP of the outlines in `also`, edit distances of the texts.

    The average edit distance an image is among the figures of a JSON report. How the server joins
    outlines is not published: here as on ICDAR2015, and AP ranks what was joined by confidence.

    Arguments are those of `NEDProtocol`.
    """

    benchmark = "RCTW-17"
    image_pattern = r"image_([0-9]+)"
    image_hint = "image_N"
    truth_pattern = r"(?:gt_)?(?:image_)?([^/]+)\.txt"
    detection_pattern = r"(?:res_|task[12]_)?(?:image_)?([^/]+)\.txt"
    member = "task2_image_{}.txt"

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,x4,y4,difficult,"text"``; difficult ones are don't-care."""
        return read_difficult(file, strict)

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,x4,y4,"text"``."""
        return LineFormat(transcription=True, strict=strict, clockwise=False).read(file)

    def row(self, detections: Annotations, index: int) -> str:
        """Return the line of a submission."""
        text = (detections.texts or [])[index]
        if "\n" in text or "\r" in text:
            raise DataError(f"the text {text!r} has a line break")
        return f'{super().row(detections, index)},"{text}"'

    def _outlines(self, joined: Sequence[ImageMatch]) -> Scores:
        joined = [_with_confidences(match) for match in joined]
        scores = super()._outlines(joined)
        if scores.average_precision is None:
            return scores
        columns = zip(*[match.ranking() for match in joined], strict=True)
        confidences, correct = (np.concatenate(column) for column in columns)
        hits = np.cumsum(correct[np.argsort(-confidences, kind="stable")])
        recall = hits / max(scores.truths, 1)
        precision = hits / np.arange(1, len(hits) + 1)
        return replace(scores, average_precision=average_precision(recall, precision, "area"))


def read(joined: Sequence[ImageMatch], normal: _Normal, protocol: str, ranks: str) -> NEDScores:
    """Return the scores of texts on outlines that are joined."""
    matches = [spotting.read(one, lambda a, b: normal(a) == normal(b)) for one in joined]
    plain = total(matches, protocol)
    known = {field.name: getattr(plain, field.name) for field in fields(plain)}
    terms = added([distances(match, normal) for match in matches])
    return NEDScores(**known, distances=terms, ranks=ranks)


def _with_confidences(match: ImageMatch) -> ImageMatch:
    assert match.image is not None
    return replace(match, confidences=match.image.detections.confidences)
