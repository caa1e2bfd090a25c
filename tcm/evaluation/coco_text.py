"""COCO-Text by the rules of its own API: boxes, the best free detection, nothing is don't-care.

Veit et al., "COCO-Text: Dataset and Benchmark for Text Detection and Recognition in Natural
Images", 2016. Each ground truth in turn takes the free detection of the largest IoU, of at least
0.5. Illegible texts count like any others. The server of the later competition scores the same set
by the rule of ICDAR2015 with illegible texts as don't-care; the two figures cannot be compared.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tcm.annotations.files import TextFile, brief, read_json
from tcm.annotations.instance import Instance
from tcm.annotations.rrc import LineFormat
from tcm.errors import DataError
from tcm.evaluation.files.unified import is_json
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.overlaps import measure
from tcm.evaluation.matching.rrc_iou import ImageMatch
from tcm.evaluation.matching.rules import MatchRule, join
from tcm.evaluation.protocol import DetectionProtocol
from tcm.evaluation.scores import Scores
from tcm.files import write_text
from tcm.geometry.polygons import bounding_box
from tcm.registry import METRICS
from tcm.structures import TextInstances

KINDS = (
    *("legible machine printed", "legible handwritten"),
    *("illegible machine printed", "illegible handwritten", "others"),
)
_OTHERS = 4
_CLASSES = ("machine printed", "handwritten", "others")


@METRICS.register()
class COCOText(DetectionProtocol):
    """Precision, recall and hmean of axis-aligned boxes; recall a kind of text in the notes.

    As in the API texts of the class "others" can be found, and count in what is found, but are none
    of those to be found. Outlines of other forms become the box around them; in memory and in other
    files than the benchmark's, don't-care texts are illegible ones.

    Args:
        iou: The least IoU of a match.
        imageset: Of the benchmark's own ground truth; ``all`` for every image.
    """

    image_pattern = r"(?:COCO_(?:train|val|test)\d+_)?0*([0-9]+)"
    image_hint = "COCO_train2014_N"
    truth_pattern = r"(?:gt_)?(?:img_)?(.+)\.txt"
    detection_pattern = r"(?:res_)?(?:img_)?(.+)\.txt"
    invalid_rule = "boxes around them"

    def __init__(
        self, iou: float = 0.5, imageset: Literal["train", "val", "test", "all"] = "val"
    ) -> None:
        self.rule = MatchRule(iou, iou_equal=True, inside=None, assignment="best_free")
        self.imageset = imageset

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        return f"COCO-Text API: boxes, IoU >= {self.rule.iou:g}, best free detection, no don't-care"

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``xmin,ymin,xmax,ymax,text``; ``###`` is illegible."""
        return LineFormat(ltrb=True, transcription=True, strict=strict).read(file)

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``xmin,ymin,xmax,ymax``."""
        return LineFormat(ltrb=True, strict=strict).read(file)

    def take_detections(self, prediction: TextInstances) -> Annotations:
        """Return a prediction as it is; the JSON of a submission has decimals."""
        return Annotations.of_instances(prediction)

    def read_truths(self, path: str | Path, strict: bool = False) -> dict[str, Annotations]:
        """Read the benchmark's JSON, a unified JSON or text files."""
        content = read_json(Path(path)) if is_json(path) else None
        if not isinstance(content, Mapping) or "anns" not in content:
            return super().read_truths(path, strict)
        return _truths(content, self.imageset, str(path))

    def read_detections(
        self, path: str | Path, names: Sequence[str], strict: bool = True
    ) -> dict[str, Annotations]:
        """Read a result list ``[{"image_id", "bbox": [x, y, w, h]}]``, a unified JSON or files."""
        content = read_json(Path(path)) if is_json(path) else None
        if not isinstance(content, list):
            return super().read_detections(path, names, strict)
        images: dict[str, list[Instance]] = {name: [] for name in names}
        for index, item in enumerate(content):
            place = f"{path}: [{index}]"
            images.setdefault(_key(item, "image_id", place), []).append(_box(item, place))
        return {name: Annotations.of_parsed(found) for name, found in images.items()}

    def submission_writer(
        self, path: str | Path, names: Sequence[str], predictions: Sequence[TextInstances]
    ) -> None:
        """Write the result list of the API.

        Arguments and errors are those of the other protocols' writers; without scores a score is 1.
        """
        self.submission_members(names)
        content = []
        for name, prediction in zip(names, predictions, strict=True):
            scores = np.ones(len(prediction)) if prediction.scores is None else prediction.scores
            for polygon, text, score in zip(
                prediction.polygons, prediction.texts, scores, strict=True
            ):
                left, top, right, bottom = bounding_box(polygon).tolist()
                content.append(
                    {
                        "image_id": int(self.submission_id(name)),
                        "bbox": [left, top, right - left, bottom - top],
                        "utf8_string": text or "",
                        "score": float(score),
                    }
                )
        write_text(path, json.dumps(content))

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images."""
        matches = [self._match(image) for image in images]
        kinds = np.concatenate([_kinds(image.truths) for image in images] or [np.zeros(0, int)])
        found = np.concatenate([_found(match) for match in matches] or [np.zeros(0, bool)])
        notes = [
            f"recall, {name}: {int(found[kinds == kind].sum())} of {int((kinds == kind).sum())}"
            for kind, name in enumerate(KINDS)
            if (kinds == kind).any()
        ]
        return Scores(
            int(found.sum()),
            int(np.count_nonzero(kinds != _OTHERS)),
            sum(len(image.detections) for image in images),
            self.protocol,
            images=matches,
            notes=notes,
        )

    def _match(self, image: ImagePair) -> ImageMatch:
        name, truths, found = image
        cared = np.zeros(len(truths), bool)
        joined = join(measure(_boxes(truths), _boxes(found)), cared, self.rule)
        return ImageMatch(name, joined.pairs, cared, joined.ignored_detections, image=image)


def _boxes(side: Annotations) -> list[np.ndarray]:
    corners = np.array([[0, 1], [2, 1], [2, 3], [0, 3]])
    boxes = (np.concatenate([p.min(axis=0), p.max(axis=0)]) for p in side.polygons)
    return [box[corners] for box in boxes]


def _kinds(truths: Annotations) -> np.ndarray:
    """Return the kinds (N,) int64; where they are not known, of machine printed texts."""
    return np.where(truths.ignored, 2, 0) if truths.kinds is None else truths.kinds


def _found(match: ImageMatch) -> np.ndarray:
    found = np.zeros(len(match.ignored_truths), bool)
    found[[truth for truth, _ in match.pairs]] = True
    return found


def _truths(content: Mapping[str, Any], imageset: str, source: str) -> dict[str, Annotations]:
    imgs, anns = content.get("imgs"), content["anns"]
    if not isinstance(imgs, Mapping) or not isinstance(anns, Mapping):
        raise DataError(f"{source}: objects 'imgs' and 'anns' are wanted")
    images: dict[str, list[tuple[Instance, int]]] = {}
    for key, image in imgs.items():
        part = image.get("set") if isinstance(image, Mapping) else None
        if imageset in ("all", part):
            images[str(key)] = []
    if not images:
        raise DataError(f"{source}: no image of the set '{imageset}'")
    for key, item in anns.items():
        place = f"{source}: anns.{key}"
        name = _key(item, "image_id", place)
        if name in images:
            images[name].append((_box(item, place), _kind(item, place)))
    return {name: _side(found) for name, found in images.items()}


def _side(found: Sequence[tuple[Instance, int]]) -> Annotations:
    kinds = np.array([kind for _, kind in found], np.int64)
    parsed = Annotations.of_parsed([one for one, _ in found])
    illegible = np.isin(kinds, (2, 3))
    return Annotations(parsed.polygons, illegible, texts=parsed.texts, kinds=kinds)


def _kind(item: Mapping[str, Any], place: str) -> int:
    legible, kind = item.get("legibility"), item.get("class")
    if legible not in ("legible", "illegible") or kind not in _CLASSES:
        raise DataError(f"{place}: legibility {brief(legible)} or class {brief(kind)}")
    return _OTHERS if kind == "others" else _CLASSES.index(kind) + 2 * (legible == "illegible")


def _key(item: Any, key: str, place: str) -> str:
    value = item.get(key) if isinstance(item, Mapping) else None
    if not isinstance(value, int | str) or isinstance(value, bool):
        raise DataError(f"{place}: '{key}' is wanted, got {brief(value)}")
    return str(value)


def _box(item: Any, place: str) -> Instance:
    box = item.get("bbox") if isinstance(item, Mapping) else None
    if not isinstance(box, list) or len(box) != 4 or not all(map(_is_number, box)):
        raise DataError(f"{place}: 'bbox': [x, y, width, height] is wanted, got {brief(box)}")
    left, top, width, height = map(float, box)
    corners = [[left, top], [left + width, top], [left + width, top + height], [left, top + height]]
    text = item.get("utf8_string")
    return Instance(np.array(corners), text if isinstance(text, str) else None)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6
