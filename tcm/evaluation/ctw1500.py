"""CTW1500 as papers score it now: polygons in the way of ICDAR2015, ``###`` don't-care."""

from collections.abc import Sequence
from pathlib import Path

from tcm import inputs
from tcm.annotations.ctw1500 import read_all, read_lines
from tcm.annotations.files import TextFile
from tcm.annotations.instance import Instance
from tcm.annotations.polygon_lines import Order, parse_outline
from tcm.evaluation.files.archives import read_archive
from tcm.evaluation.files.unified import is_json
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.rrc_iou import match_pair, total
from tcm.evaluation.protocol import DetectionProtocol
from tcm.evaluation.scores import Scores
from tcm.registry import METRICS


class CTWFiles(DetectionProtocol):
    """The files of CTW1500: a text file per image, or one for all as the original script has it."""

    order: Order = "xy"

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines of any of the three forms."""
        return read_lines(file, strict, quotes="keep" if strict else "form")

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines of integers, x or y first as `order` says."""
        return file.parse(lambda line: parse_outline(line, self.order, strict), blank=strict)

    def read_detections(
        self, path: str | Path, names: Sequence[str], strict: bool = True
    ) -> dict[str, Annotations]:
        """Read all detections; a file ``detections*.txt`` holds those of all images."""
        path = Path(path)
        if path.suffix.lower() == ".txt" and not inputs.is_dir(path):
            content = inputs.read_bytes(path).decode("utf-8-sig", "replace")
            return _of_all(TextFile(str(path), content), names)
        if not is_json(path):
            files = read_archive(path, r"(.+)\.txt", "refuse", strict)
            if len(files) == 1 and next(iter(files)).startswith("detections"):
                return _of_all(next(iter(files.values())), names)
        return super().read_detections(path, names, strict)

    def row(self, detections: Annotations, index: int) -> str:
        """Return the line of a submission for one detection."""
        if self.order == "yx":
            detections = Annotations.of([polygon[:, ::-1] for polygon in detections.polygons])
        return super().row(detections, index)


@METRICS.register()
class CTW1500(CTWFiles):
    """Precision, recall and hmean at IoU 0.5.

    Args:
        iou: A match needs an intersection over union above this.
        area_precision: A detection is don't-care above this share of its area inside a don't-care
            ground truth.
        order: Whether x or y comes first in detection files, "xy" or "yx".
        skip_invalid: Whether outlines that cross themselves are left out on both sides.
    """

    def __init__(
        self,
        iou: float = 0.5,
        area_precision: float = 0.5,
        order: Order = "xy",
        skip_invalid: bool = False,
    ) -> None:
        self.iou = iou
        self.area_precision = area_precision
        self.skip_invalid = skip_invalid
        if skip_invalid:
            self.invalid_rule = "left out on both sides"
        self.order = order

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        return f"CTW1500 polygons: IoU > {self.iou:g}, first come first matched"

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images."""
        rule = (self.iou, self.area_precision, self.skip_invalid)
        matches = [match_pair(image, *rule) for image in images]
        return total(matches, self.protocol)


def _of_all(file: TextFile, names: Sequence[str]) -> dict[str, Annotations]:
    images = read_all(file, list(names))
    return {name: Annotations.of_parsed(found, ranks) for name, (ranks, found) in images.items()}
