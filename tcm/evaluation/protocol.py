"""What the detection protocols share: predictions in memory or files in, scores out.

A protocol says how its files look, what a prediction becomes when it is submitted, and how the two
sides of the images are scored. Everything else is here.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tcm.annotations.files import TextFile
from tcm.annotations.instance import Instance, assumption_lines
from tcm.errors import DataError
from tcm.evaluation.files.archives import Strict, read_archive
from tcm.evaluation.files.submission import rounded_polygon, rounded_quad, write_members
from tcm.evaluation.files.unified import is_json, read_unified
from tcm.evaluation.foreign.output import SystemOutput
from tcm.evaluation.matching.bounds import check_image
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.regions import are_valid
from tcm.evaluation.scores import Scores
from tcm.structures import TextInstances

# Names of files where they are not the benchmark's: those of the images, perhaps with their suffix.
_OWN_IMAGE = r"([^/]+?)(?:\.(?:jpe?g|png|gif|bmp|tiff?|webp))?"
_OWN_TRUTH = rf"(?:gt_)?{_OWN_IMAGE}\.txt"
_OWN_RESULT = rf"(?:res_)?{_OWN_IMAGE}\.txt"


class DetectionProtocol(ABC):
    """A metric in METRICS that also scores and writes the benchmark's own files.

    Attributes:
        image_pattern: Regular expression for an image's name without suffix; its first group is the
            id that ground truth and result files carry.
        image_hint: The same for people.
        truth_pattern: Regular expression for the name of a ground-truth file; likewise.
        detection_pattern: For the name of a result file.
        member: The name of a result file, ``{}`` for the id.
        quads: Whether a submission holds quadrilaterals only.
        invalid_rule: What happens to outlines that cross themselves or have no area.
        skip_missing: Whether images without a result file are left out.
    """

    image_pattern: str = r"(.+)"
    image_hint: str = "name"
    truth_pattern: str = r"(.+)\.txt"
    detection_pattern: str = r"(.+)\.txt"
    member: str = "{}.txt"
    quads: bool = False
    invalid_rule: str = "kept: shoelace area and even-odd overlap (the Polygon package's way)"
    skip_missing: bool = False

    @property
    @abstractmethod
    def protocol(self) -> str:
        """The rule in one line."""

    @property
    def text_rule(self) -> str:
        """What is done with texts before they are compared; empty where they are not."""
        return ""

    @abstractmethod
    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Return the ground truths of a file; raises DataError naming the line.

        If `strict`, what the official reader refuses is refused.
        """

    @abstractmethod
    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Return the detections of a file; raises DataError naming the line.

        If `strict`, what the official reader refuses is refused.
        """

    @abstractmethod
    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images."""

    def evaluate(
        self,
        predictions: Sequence[TextInstances],
        truths: Sequence[TextInstances],
        names: Sequence[str] | None = None,
    ) -> Scores:
        """Score predictions as they would be submitted: with integer coordinates.

        Args:
            predictions: One per image, in original image coordinates; with scores where the rule
                ranks by them.
            truths: One per image, in the same order.
            names: The image files, folders allowed before; for rules that depend on the image, and
                for errors.

        Raises:
            DataError: A prediction cannot be submitted, or the rule needs names.
        """
        places = [str(i) for i in range(len(truths))] if names is None else [str(n) for n in names]
        images = []
        for place, found, truth in zip(places, predictions, truths, strict=True):
            try:
                image_id = None if names is None else self.image_id(Path(place).stem)
                detections = self.prepared(self.take_detections(found), image_id)
            except DataError as error:
                raise DataError(f"prediction {place}: {error}") from error
            images.append(ImagePair(place, self._take_truths(truth, place), detections))
        return self._scored(images)

    def evaluate_archives(
        self, gt_path: str | Path, pred: str | Path | SystemOutput, strict: Strict = "submission"
    ) -> Scores:
        """Score a submission against the ground truth.

        Args:
            gt_path: A zip or a folder with a file per image, or a JSON: the benchmark's own where
                it has one, or the unified one.
            pred: Likewise, or what another system has found; an image without a file has no
                detections, unless the official script leaves it out.
            strict: What must be as the official script wants it. Otherwise other forms are taken
                where they can be read in one way only, which the notes say; coordinates of
                detections are then rounded.

        Raises:
            DataError: A file or a line is not as it must be, or a result belongs to no ground
                truth; the text names it.
        """
        images, missing = self.load(gt_path, pred, strict)
        scores = self._scored(images)
        notes = [*missing_notes(missing, self.skip_missing), *assumption_notes(images)]
        return replace(scores, notes=[*self.text_notes(), *scores.notes, *notes])

    def text_notes(self) -> list[str]:
        """Return a line on how texts are compared, if they are."""
        rule = self.text_rule
        return [f"text normalisation: no Unicode form, {rule}"] if rule else []

    def load(
        self, gt_path: str | Path, pred: str | Path | SystemOutput, strict: Strict = "submission"
    ) -> tuple[list[ImagePair], list[str]]:
        """Return the images in the order of their ids, and the ids without a result file."""
        truths = self.read_truths(gt_path, strict == "all")
        if isinstance(pred, SystemOutput):
            others = pred.by_id(truths, self.image_id)
            found = {name: self._take(*image) for name, image in others.items()}
        else:
            found = self.read_detections(pred, list(truths), strict != "nothing")
        for name in found:
            if name not in truths:
                raise DataError(f"{pred}: no ground truth has the id {name}")
        missing = [name for name in truths if name not in found]
        names = [name for name in truths if name in found or not self.skip_missing]
        nothing = Annotations.of([], confidences=[], angles=[], texts=[])
        sides = [(n, truths[n], self.prepared(found.get(n, nothing), n)) for n in names]
        images = [ImagePair(*image) for image in sides]
        for image in images:
            check_image(image)
        return images, missing

    def read_truths(self, path: str | Path, strict: bool = False) -> dict[str, Annotations]:
        """Read all ground truths, by image id."""
        if is_json(path):
            images = self._read_unified(path).items()
            return {k: self._take_truths(v, f"{path}: image {k}") for k, v in images}
        patterns = [self.truth_pattern] if strict else [self.truth_pattern, _OWN_TRUTH]
        files = read_archive(path, patterns, "skip", strict, self.image_id)
        return {k: self._side(file, self.parse_truths(file, strict)) for k, file in files.items()}

    def read_detections(
        self, path: str | Path, names: Sequence[str], strict: bool = True
    ) -> dict[str, Annotations]:
        """Read all detections, by image id; `names` are the ids of the ground truth, in order.

        The ground truth of a set that is not the benchmark's may name its images in any way; then
        so may its result files.
        """
        if is_json(path):
            images = self._read_unified(path)
            return {k: self._take(v, f"{path}: image {k}") for k, v in images.items()}
        members = [self.member.format(name) for name in names]
        official = all(re.fullmatch(self.detection_pattern, member) for member in members)
        patterns = [self.detection_pattern, *[_OWN_RESULT] * (not official or not strict)]
        files = read_archive(path, patterns, "refuse", strict, self.image_id)
        found = {}
        for name, file in files.items():
            parsed = self.parse_detections(file, strict)
            if not strict:
                parsed = [one._replace(polygon=np.rint(one.polygon)) for one in parsed]
            found[name] = self._side(file, parsed)
        return found

    def annotations(self, found: Sequence[Instance]) -> Annotations:
        """Return what a file holds as the rule takes it."""
        return Annotations.of_parsed(found)

    def take_truths(self, truth: TextInstances) -> Annotations:
        """Return ground truths in memory as the rule takes them."""
        return Annotations.of_instances(truth)

    def take_detections(self, prediction: TextInstances) -> Annotations:
        """Return a prediction as its submission would be read.

        Raises:
            DataError: It cannot be submitted.
        """
        shape = rounded_quad if self.quads else rounded_polygon
        polygons = [shape(polygon, index) for index, polygon in enumerate(prediction.polygons)]
        texts = [text or "" for text in prediction.texts]
        return Annotations.of(polygons, confidences=prediction.scores, texts=texts)

    def prepared(self, detections: Annotations, image_id: str | None) -> Annotations:
        """Return detections as the rule changes them before it scores or submits them.

        Args:
            detections: Of an image.
            image_id: Its id, None if it is not known.

        Raises:
            DataError: They cannot be prepared.
        """
        return detections

    def row(self, detections: Annotations, index: int) -> str:
        """Return the line of a submission for one detection; raises DataError if it has none."""
        numbers = np.rint(detections.polygons[index]).astype(np.int64).ravel()
        return ",".join(map(str, numbers.tolist()))

    def submission_writer(
        self, path: str | Path, names: Sequence[str], predictions: Sequence[TextInstances]
    ) -> None:
        """Write the zip that the benchmark's server or script takes, a file per image.

        Args:
            path: The zip file.
            names: The image files, folders allowed before.
            predictions: One per image, in original image coordinates.

        Raises:
            DataError: An image's name is not the benchmark's or comes twice, or a prediction cannot
                be written; the text names the image.
        """
        members: dict[str, str] = {}
        for member, name, prediction in zip(
            self.submission_members(names), names, predictions, strict=True
        ):
            try:
                found = self.prepared(self.take_detections(prediction), self.submission_id(name))
                rows = [self.row(found, index) + "\n" for index in range(len(found))]
            except DataError as error:
                raise DataError(f"{name}: {error}") from error
            members[member] = "".join(rows)
        write_members(path, members)

    def check_names(self, names: Sequence[str], submission: bool = False) -> None:
        """Raise before any image is tested if the names of the images are not good enough.

        Args:
            names: The image files, folders allowed before.
            submission: Whether a submission is to be written, which needs the benchmark's names;
                scores in memory do not.

        Raises:
            DataError: One is not; the text names the image and the rule.
        """
        if submission:
            self.submission_members(names)

    def submission_members(self, names: Sequence[str]) -> list[str]:
        """Return the name of the result file of each image.

        Raises:
            DataError: An image's name is not the benchmark's, or two have one result file.
        """
        members: dict[str, str] = {}
        for name in names:
            member = self.member.format(self.submission_id(name))
            if member in members:
                raise DataError(f"{name}: a second image for {member}, beside {members[member]}")
            members[member] = name
        return list(members)

    def submission_id(self, name: str) -> str:
        """Return the id of an image for its result file; raises DataError for other names."""
        match = re.fullmatch(self.image_pattern, Path(name).stem)
        if match is None:
            raise DataError(
                f"{name}: a name {self.image_hint} is wanted, to write {self.member.format('N')}"
            )
        return match[1]

    def image_id(self, stem: str) -> str:
        """Return the id in an image's name without suffix, all of it if it is of another form."""
        match = re.fullmatch(self.image_pattern, stem)
        return match[1] if match else stem

    def _side(self, file: TextFile, found: Sequence[Instance]) -> Annotations:
        assumed = [*file.assumed, *[what for one in found for what in one.assumed]]
        return replace(self.annotations(found), assumed=[(file.source, what) for what in assumed])

    def _take_truths(self, truth: TextInstances, place: str) -> Annotations:
        try:
            return self.take_truths(truth)
        except DataError as error:
            raise DataError(f"{place}: {error}") from error

    def _take(self, prediction: TextInstances, place: str) -> Annotations:
        try:
            return self.take_detections(prediction)
        except DataError as error:
            raise DataError(f"{place}: {error}") from error

    def _read_unified(self, path: str | Path) -> dict[str, TextInstances]:
        images: dict[str, TextInstances] = {}
        for stem, instances in read_unified(path).items():
            name = self.image_id(stem)
            if name in images:
                raise DataError(f"{path}: a second image with the id {name}")
            images[name] = instances
        return dict(sorted(images.items(), key=lambda item: (len(item[0]), item[0])))

    def _scored(self, images: Sequence[ImagePair]) -> Scores:
        scores = self.score(images)
        return replace(scores, notes=[*scores.notes, invalid_note(images, self.invalid_rule)])


def invalid_note(images: Sequence[ImagePair], rule: str) -> str:
    """Return a line on how many outlines are invalid and what was done with them."""
    sides = [image.truths for image in images], [image.detections for image in images]
    truths, detections = (
        np.count_nonzero(~are_valid([p for one in side for p in one.polygons])) for side in sides
    )
    return f"invalid polygons: {truths} ground truths, {detections} detections, {rule}"


def missing_notes(missing: Sequence[str], left_out: bool = False) -> list[str]:
    """Return a line on the images without a result file, if there are any."""
    fate = "left out, as officially" if left_out else "counted without detections"
    return [f"images without a result file: {len(missing)}, {fate}"] if missing else []


def assumption_notes(images: Sequence[ImagePair]) -> list[str]:
    """Return a line on each thing that was assumed to read the files of either side."""
    truths = assumption_lines(note for image in images for note in image.truths.assumed)
    found = assumption_lines(note for image in images for note in image.detections.assumed)
    return [f"ground truth: {line}" for line in truths] + [f"detections: {line}" for line in found]
