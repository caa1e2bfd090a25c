"""LTB, the long-tailed benchmark of hard texts: one set of images under fifteen annotations.

"Revisiting Scene Text Detection: A Joint Dataset and a Hard Benchmark" (IJCAI 2025). ``norm`` has
the marks of the sets that the images come from; ``hard`` leaves care to texts with a challenge
alone, and thirteen more files to those of one challenge each. All are scored by MMOCR's sweep, each
at its own best threshold.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tcm import inputs
from tcm.annotations.ltb import PARTS, part_files
from tcm.evaluation.files.archives import Strict
from tcm.evaluation.foreign.output import SystemOutput
from tcm.evaluation.hmean_sweep import HmeanSweep, Measured, SweepFiles
from tcm.evaluation.matching.image_pair import Annotations
from tcm.evaluation.scores import Scores
from tcm.registry import METRICS


class _Files(SweepFiles):
    """Images of several sets, told apart by their whole names; detections are read once."""

    image_pattern = r"(.+)"
    _read: tuple[tuple[Any, ...], dict[str, Annotations]] | None = None

    def read_detections(
        self, path: str | Path, names: Sequence[str], strict: bool = True
    ) -> dict[str, Annotations]:
        """Read all detections, or return those of the same file and names."""
        key = (path, strict, *names)
        if self._read is None or self._read[0] != key:
            self._read = key, super().read_detections(path, names, strict)
        return self._read[1]


@METRICS.register()
class LTBDetection(HmeanSweep):
    """The sweep's figures on ``hard``; those on ``norm`` and on each challenge in `also`.

    In memory, and with a single file of ground truth, it is the sweep on what it is given.
    Arguments and errors are those of `HmeanSweep`.
    """

    files = _Files

    def evaluate_archives(
        self, gt_path: str | Path, pred: str | Path | SystemOutput, strict: Strict = "submission"
    ) -> Scores:
        """Score a unified JSON against a folder of annotation files ``challenging_NAME.json``.

        Raises:
            DataError: As for `HmeanSweep`; or the folder has no file of that name, two of one part,
                or one of an unknown part.
        """
        if not inputs.is_dir(gt_path):
            return super().evaluate_archives(gt_path, pred, strict)
        paths = part_files(Path(gt_path))
        each = []
        files = self.files(confidences=True)
        # The files have the same outlines, which are measured once.
        known: dict[str, tuple[bytes, Measured]] = {}
        for part in PARTS:
            if part in paths:
                images, missing = files.load(paths[part], pred, strict)
                for image in images:
                    key = b"|".join(polygon.tobytes() for polygon in image.truths.polygons)
                    if image.name not in known or known[image.name][0] != key:
                        known[image.name] = key, self.measure_image(image)
                scores = self.scored(images, missing, [known[image.name][1] for image in images])
                each.append(replace(scores, protocol=f"LTB {part}: {scores.protocol}"))
        absent = [part for part in PARTS if part not in paths]
        notes = [f"no annotation file of: {', '.join(absent)}"] * bool(absent)
        first, *others = each
        return replace(first, also=others, notes=[*first.notes, *notes])
