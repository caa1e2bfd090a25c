"""DOTA's Task 1, oriented boxes: average precision of each class on whole images.

The rule is that of the devkit (``dota_evaluation_task1.py``). See `tcm.evaluation.matching.ranked`
for how detections are matched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from tcm.annotations import dota, unified
from tcm.annotations.dota import ClassDetections
from tcm.annotations.files import read_lines
from tcm.annotations.instance import Instance, assumption_lines
from tcm.errors import ConfigError, DataError, nearest
from tcm.evaluation.dota_scores import IOUS, ClassScores, DotaScores
from tcm.evaluation.files.archives import Strict, read_archive
from tcm.evaluation.files.results import LARGEST, TASK1
from tcm.evaluation.files.submission import write_members
from tcm.evaluation.files.unified import is_json, read_unified
from tcm.evaluation.foreign.output import SystemOutput
from tcm.evaluation.matching.ranked import ClassTruths, Rule, average_precision, curve, rank
from tcm.geometry.polygons import min_area_rect
from tcm.registry import METRICS
from tcm.structures import TextInstances

_RULES = {"voc07": "11-point AP of VOC 2007", "area": "area under the curve, VOC 2010"}


class _Truths(NamedTuple):
    """The true objects of an image, of all classes."""

    polygons: np.ndarray  # (N, 4, 2)
    labels: np.ndarray  # (N,)
    difficult: np.ndarray  # (N,) bool


@METRICS.register()
class DOTATask1:
    """The mean average precision of oriented boxes.

    A detection is right if its IoU with the truth that it overlaps most is above the threshold and
    no better detection has that truth. On a difficult one it is neither right nor wrong.

    Args:
        classes: Those of a version of DOTA, or names in the order of the labels.
        rule: How precisions are averaged: at 11 recalls, the devkit's default, or by area.
        difficult: ``count`` takes difficult objects like all others, as the devkit's evaluation of
            v1.5 does.
        absent: What becomes of classes without truths: ``leave_out`` of the means, or ``count``,
            as the devkit does, where they make 0 (``voc07``) or NaN (``area``).
        imageset: File with the names of the images that count, one a line, for `evaluate_archives`;
            None for all that have a file of truths.

    Raises:
        ConfigError: There are no classes, or one twice.
    """

    def __init__(
        self,
        classes: dota.Version | Sequence[str] = "v1.0",
        rule: Rule = "voc07",
        difficult: Literal["ignore", "count"] = "ignore",
        absent: Literal["leave_out", "count"] = "leave_out",
        imageset: str | None = None,
    ) -> None:
        self.classes = dota.CLASSES[classes] if isinstance(classes, str) else tuple(classes)
        if not self.classes or len(set(self.classes)) < len(self.classes):
            raise ConfigError(f"DOTATask1.classes: names, each once, are wanted, got {classes}")
        self.rule = rule
        self.count_difficult = difficult == "count"
        self.all_count = absent == "count"
        self.imageset = imageset

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        difficult = "count" if self.count_difficult else "don't count"
        return f"DOTA Task 1: {_RULES[self.rule]}, IoU above 0.5, difficult objects {difficult}"

    def evaluate(
        self,
        predictions: Sequence[TextInstances],
        truths: Sequence[TextInstances],
        names: Sequence[str] | None = None,
    ) -> DotaScores:
        """Score predictions as they would be submitted.

        Args:
            predictions: One per image, in original image coordinates, with scores and labels.
            truths: One per image, in the same order; ignored ones are the difficult ones.
            names: The image files, for errors.

        Raises:
            DataError: A prediction has no score or no class.
        """
        images = [str(i) for i in range(len(truths))]
        places = images if names is None else names
        found = self._found(images, predictions, places)
        sides = {}
        for image, truth, place in zip(images, truths, places, strict=True):
            self._check_labels(truth, f"{place}: truth")
            sides[image] = _truths_of(truth)
        return self._scores(found, sides, [])

    def evaluate_archives(
        self,
        gt_path: str | Path,
        pred_path: str | Path | SystemOutput,
        strict: Strict = "submission",
    ) -> DotaScores:
        """Score a submission against the ground truth.

        Args:
            gt_path: A zip or a folder with the ``labelTxt`` of each image, or a unified JSON.
            pred_path: A zip or a folder of files ``Task1_CLASS.txt``; a class without a file, or
                with an empty one, has no detections. Or a unified JSON.
            strict: What must be as the devkit wants it; otherwise any white space parts fields.

        Raises:
            DataError: A file or a line is not as it must be, a class is none of the metric's, or a
                detection's image has no truths; the text names it.
            ConfigError: The detections are what a reader of texts has saved.
        """
        if isinstance(pred_path, SystemOutput):
            raise ConfigError("--from: what other systems have saved are texts, not DOTA's objects")
        truths, notes = self._read_truths(gt_path, strict == "all")
        truths = self._chosen(truths, gt_path)
        found, missing = self._read_detections(pred_path, strict != "nothing")
        for name, of_class in found.items():
            for image in dict.fromkeys(of_class.images):
                if image not in truths:
                    hint = nearest(image, truths)
                    raise DataError(
                        f"{pred_path}: Task1_{name}.txt: image '{image}' has no truths{hint}"
                    )
        present = {self.classes[k] for side in truths.values() for k in set(side.labels.tolist())}
        missing = [name for name in missing if name in present]
        if missing:
            notes.append(f"classes with truths and without a result file: {', '.join(missing)}")
        return self._scores(found, truths, notes)

    def submission_writer(
        self, path: str | Path, names: Sequence[str], predictions: Sequence[TextInstances]
    ) -> None:
        """Write the zip that DOTA's server takes, a file per class.

        Args:
            path: The zip file.
            names: The image files, folders allowed before.
            predictions: One per image, in original image coordinates, with scores and labels.

        Raises:
            DataError: Two images have one name, or one with white space, or a prediction has no
                score or no class; the text names the image.
        """
        self.check_names(names, submission=True)
        found = self._found([Path(name).stem for name in names], predictions, names)
        lines = {name: dota.detection_lines(of_class) for name, of_class in found.items()}
        write_members(path, {f"Task1_{name}.txt": text for name, text in lines.items()})

    def check_names(self, names: Sequence[str], submission: bool = False) -> None:
        """Raise before any image is tested if a submission cannot name the images.

        Args:
            names: The image files, folders allowed before.
            submission: Whether a submission is to be written; scores in memory need no names.

        Raises:
            DataError: Two have one name without suffix, or one has white space.
        """
        stems: dict[str, str] = {}
        for name in names if submission else ():
            stem = dota.check_image_name(Path(name).stem)
            if stem in stems:
                raise DataError(f"{name}: a second image {stem}, beside {stems[stem]}")
            stems[stem] = name

    def image_id(self, stem: str) -> str:
        """Return the id in an image's name without suffix: all of it."""
        return stem

    def _scores(
        self,
        found: Mapping[str, ClassDetections],
        truths: Mapping[str, _Truths],
        notes: list[str],
    ) -> DotaScores:
        classes = [
            self._class_scores(name, found[name], _of_class(truths, label))
            for label, name in enumerate(self.classes)
        ]
        absent = [one.name for one in classes if not one.truths]
        if absent:
            fate = "a part of the means" if self.all_count else "left out of the means"
            notes = [*notes, f"classes without truths that count, {fate}: {', '.join(absent)}"]
        return DotaScores(classes, self.protocol, self.all_count, notes)

    def _class_scores(
        self, name: str, found: ClassDetections, truths: Mapping[str, ClassTruths]
    ) -> ClassScores:
        if self.count_difficult:
            truths = {
                image: side._replace(difficult=np.zeros_like(side.difficult))
                for image, side in truths.items()
            }
        ranking = rank(found, truths)
        curves = [curve(ranking, iou) for iou in IOUS]
        recall = curves[0][0]
        total = sum(len(side.polygons) for side in truths.values())
        return ClassScores(
            name,
            ranking.positives,
            total - ranking.positives,
            len(found.images),
            float(recall[-1]) if len(recall) and ranking.positives else 0.0,
            [average_precision(*points, self.rule) for points in curves],
        )

    def _found(
        self, images: Sequence[str], predictions: Sequence[TextInstances], places: Sequence[str]
    ) -> dict[str, ClassDetections]:
        """Return predictions by class, as a submission would have them."""
        columns: dict[str, tuple[list[str], list[float], list[np.ndarray]]]
        columns = {name: ([], [], []) for name in self.classes}
        for image, prediction, place in zip(images, predictions, places, strict=True):
            if prediction.scores is None and len(prediction):
                raise DataError(f"prediction {place}: detections need scores to be ranked by")
            self._check_labels(prediction, f"prediction {place}")
            for index, label in enumerate(prediction.labels.tolist()):
                names, scores, polygons = columns[self.classes[label]]
                names.append(image)
                scores.append(prediction.scores[index])  # type: ignore[index]
                polygons.append(np.round(_quad(prediction.polygons[index], place), 2))
        return {name: ClassDetections.of(*column) for name, column in columns.items()}

    def _check_labels(self, instances: TextInstances, place: str) -> None:
        wrong = instances.labels[(instances.labels < 0) | (instances.labels >= len(self.classes))]
        if len(wrong):
            raise DataError(f"{place}: label {wrong[0]} is none of {len(self.classes)} classes")

    def _read_truths(self, path: str | Path, strict: bool) -> tuple[dict[str, _Truths], list[str]]:
        """Return the truths by image, and notes on what was assumed and left aside."""
        if is_json(path):
            return {k: _truths_of(v) for k, v in self._read_unified(path).items()}, []
        assumed: list[tuple[str, str]] = []
        others: Counter[str] = Counter()
        truths = {}
        for image, file in read_archive(path, r"(.+)\.txt", "skip", strict).items():
            objects = dota.read_objects(file, strict)
            kept = [one for one in objects if one.name in self.classes]
            others.update(one.name for one in objects if one.name not in self.classes)
            self._check_others(others, file.source)
            parsed = dota.instances(kept, self.classes, file.source)
            assumed += [(file.source, what) for one in parsed for what in one.assumed]
            assumed += [(file.source, what) for what in file.assumed]
            truths[image] = _side(parsed)
        notes = [f"ground truth: {line}" for line in assumption_lines(assumed)]
        if others:
            listed = ", ".join(f"{name} {count}" for name, count in sorted(others.items()))
            notes.append(f"objects of other classes are left aside: {listed}")
        return truths, notes

    def _check_others(self, others: Mapping[str, int], place: str) -> None:
        """Refuse the name of a class that neither the metric nor any version of DOTA has."""
        known = {*self.classes, *dota.CLASSES["v2.0"]}
        for name in others:
            if name not in known:
                raise DataError(f"{place}: unknown class '{name[:60]}'{nearest(name, known)}")

    def _chosen(self, truths: dict[str, _Truths], path: str | Path) -> dict[str, _Truths]:
        """Return the truths of the images of the image set, in its order."""
        if self.imageset is None:
            return truths
        chosen = {}
        for line, place in read_lines(Path(self.imageset)):
            name = line.strip()
            if name not in truths:
                raise DataError(f"{place}: {path} has no truths of '{name}'{nearest(name, truths)}")
            chosen[name] = truths[name]
        return chosen

    def _read_detections(
        self, path: str | Path, strict: bool
    ) -> tuple[dict[str, ClassDetections], list[str]]:
        """Return the detections by class, and the classes without a file."""
        if is_json(path):
            images = self._read_unified(path)
            return self._found(list(images), list(images.values()), list(images)), []
        found = {}
        for name, file in read_archive(path, TASK1, "refuse", strict, limit=LARGEST).items():
            if name not in self.classes:
                raise DataError(
                    f"{file.source}: unknown class '{name}'{nearest(name, self.classes)}"
                )
            found[name] = dota.read_detections(file, strict)
        missing = [name for name in self.classes if name not in found]
        nothing = ClassDetections.of([], [], [])
        return {name: found.get(name, nothing) for name in self.classes}, missing

    def _read_unified(self, path: str | Path) -> dict[str, TextInstances]:
        """Return the images of a file, their labels as the metric has them."""
        images = read_unified(path)
        names = unified.read_classes(Path(path))
        if names == unified.TEXT:  # as a file has it that names no classes
            names = self.classes
        for name in names:
            if name not in self.classes:
                raise DataError(f"{path}: unknown class '{name}'{nearest(name, self.classes)}")
        labels = np.array([self.classes.index(name) for name in names])
        for image, instances in images.items():
            if not ((instances.labels >= 0) & (instances.labels < len(names))).all():
                raise DataError(f"{path}: image {image}: a label is none of {len(names)} classes")
            images[image] = replace(instances, labels=labels[instances.labels])
        return images


def _of_class(truths: Mapping[str, _Truths], label: int) -> dict[str, ClassTruths]:
    chosen = ((image, side, side.labels == label) for image, side in truths.items())
    return {
        image: ClassTruths(side.polygons[mine], side.difficult[mine])
        for image, side, mine in chosen
    }


def _truths_of(truth: TextInstances) -> _Truths:
    polygons = [_quad(polygon, "truth") for polygon in truth.polygons]
    outlines = np.array(polygons, np.float64).reshape(-1, 4, 2)
    return _Truths(outlines, truth.labels, truth.ignored)


def _side(found: Sequence[Instance]) -> _Truths:
    return _Truths(
        np.array([one.polygon for one in found], np.float64).reshape(-1, 4, 2),
        np.array([one.label for one in found], np.int64),
        np.array([one.ignored for one in found], bool),
    )


def _quad(polygon: np.ndarray, place: str) -> np.ndarray:
    """Return a quadrilateral (4, 2) as it is, of other outlines the rectangle of least area."""
    if len(polygon) < 3 or not np.isfinite(polygon).all():
        raise DataError(f"{place}: no polygon: {polygon.tolist()}")
    return np.asarray(polygon if len(polygon) == 4 else min_area_rect(polygon)[0], np.float64)
