"""What the end-to-end protocols share: outlines and texts on both sides, lexicons, two scores."""

from abc import ABC
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tcm.annotations.texts import DONT_CARE
from tcm.errors import ConfigError, DataError, nearest
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.rrc_iou import total
from tcm.evaluation.protocol import DetectionProtocol
from tcm.evaluation.reading.lexicon import Lexicons
from tcm.evaluation.reading.lexicon_rules import correction_rule
from tcm.evaluation.reading.spotting import Mode, SpottingRule, detect, spot
from tcm.evaluation.reading.transcriptions import describe
from tcm.evaluation.scores import Scores
from tcm.structures import TextInstances

_INVALID = {True: "left out on both sides", False: DetectionProtocol.invalid_rule}


class TextProtocol(DetectionProtocol, ABC):
    """A protocol whose two sides have texts."""

    def take_truths(self, truth: TextInstances) -> Annotations:
        """Return ground truths in memory; those with the text ``###`` are don't-care.

        Raises:
            DataError: One that counts has no text.
        """
        for index, (text, flag) in enumerate(zip(truth.texts, truth.ignored, strict=True)):
            if text is None and not flag:
                raise DataError(f"ground truth {index} has no text, and texts are to be compared")
        texts = [text or "" for text in truth.texts]
        ignored = truth.ignored | np.array([text == DONT_CARE for text in texts], bool)
        return replace(super().take_truths(truth), texts=texts, ignored=ignored)

    def take_detections(self, prediction: TextInstances) -> Annotations:
        """Return a prediction as its submission would be read; a missing text is empty."""
        texts = [text or "" for text in prediction.texts]
        return replace(super().take_detections(prediction), texts=texts)


class SpottingProtocol(TextProtocol, ABC):
    """Precision, recall and hmean of texts that are found and read; `also` has the outlines alone.

    Args:
        iou: A match needs an intersection over union above this.
        area_precision: A detection is don't-care above this share of its area inside a don't-care
            ground truth.
        confidences: Whether detections carry confidences: they are then tried best first, and AP is
            reported.
        skip_invalid: Whether self-crossing outlines are left out on both sides beforehand.
        mode: "end_to_end" or "word_spotting"; None for the one in which the field scores the set.
        strip_both_sides: Whether, in end-to-end mode, all special characters at the ends of both
            texts are dropped, instead of one at each end of the ground truth.
        lexicon: One of `lexicons`; texts are then corrected before they are scored or written.
        lexicon_path: Its file, zip or folder, see `tcm.evaluation.reading.lexicon.Lexicons`.
        lexicon_pairs: Its pair list; None takes the one beside it, if there is one.
        correction: The rule of correction: "adelaidet" (which is DeepSolo's too),
            "masktextspotter" or "testr", with plain edit distances.
        min_score: Detections that score less are left out; AdelaiDet has 0.45 on ICDAR2015.

    Raises:
        ConfigError: An unknown mode, lexicon or rule, or a lexicon without path or the reverse.
        DataError: The lexicon cannot be read.
    """

    benchmark: str = ""
    field_mode: Mode = "end_to_end"
    lexicons: Sequence[str] = ("none", "generic", "full")

    def __init__(
        self,
        iou: float = 0.5,
        area_precision: float = 0.5,
        confidences: bool = False,
        skip_invalid: bool = False,
        mode: Mode | None = None,
        strip_both_sides: bool = False,
        lexicon: str = "none",
        lexicon_path: str | Path | None = None,
        lexicon_pairs: str | Path | None = None,
        correction: str = "adelaidet",
        min_score: float = 0.0,
    ) -> None:
        self.rule = SpottingRule(
            iou,
            area_precision,
            skip_invalid,
            confidences,
            self.field_mode if mode is None else mode,
            strip_both_sides,
        )
        if lexicon not in self.lexicons:
            hint = nearest(lexicon, self.lexicons)
            raise ConfigError(
                f"lexicon: unknown '{lexicon}'{hint}; {self.benchmark} has "
                + ", ".join(self.lexicons)
            )
        if lexicon == "none" and (lexicon_path or lexicon_pairs):
            raise ConfigError("lexicon_path: it needs 'lexicon', which is 'none'")
        self.lexicon = lexicon
        self.correction = correction_rule(correction)
        self.min_score = min_score
        self.invalid_rule = _INVALID[skip_invalid]
        self._lexicons = (
            None if lexicon == "none" else Lexicons(lexicon, lexicon_path, lexicon_pairs)
        )

    @property
    def protocol(self) -> str:
        """The rule in one line, with that of the lexicon."""
        mode = self.rule.mode.replace("_", "-")
        return f"{self.benchmark} {mode}: {self.rule.describe()}, {self._treatment()}"

    @property
    def text_rule(self) -> str:
        """What is done with texts before they are compared."""
        if self.rule.mode == "word_spotting":
            return "case aside, true texts as clean dictionary words"
        return describe(self.rule.strip_both_sides)

    def prepared(self, detections: Annotations, image_id: str | None) -> Annotations:
        """Return the detections that score enough, their texts corrected by the lexicon.

        Raises:
            DataError: Scores are to be compared and missing, or the image has no lexicon.
        """
        if self.min_score > 0 and len(detections):
            if detections.confidences is None:
                raise DataError("no scores, and min_score is set")
            detections = detections.select(detections.confidences >= np.float32(self.min_score))
        if self._lexicons is None:
            return detections
        lexicon = self._lexicons.of(image_id)
        texts = [
            self.correction.correct(text, lexicon, self.lexicon) for text in detections.texts or []
        ]
        kept = detections.select(np.array([text is not None for text in texts], bool))
        return replace(kept, texts=[text for text in texts if text is not None])

    def check_names(self, names: Sequence[str], submission: bool = False) -> None:
        """Raise as for the outlines alone, and if an image has no lexicon."""
        super().check_names(names, submission)
        if self._lexicons is None:
            return
        for name in names:
            try:
                self._lexicons.of(self.image_id(Path(name).stem))
            except DataError as error:
                raise DataError(f"{name}: {error}") from error

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images; `also` has the outlines alone of the same detections.

        Raises:
            DataError: A prediction has no scores though `confidences` is set.
        """
        for name, _, found in images:
            if self.rule.ranked and found.confidences is None and len(found):
                raise DataError(
                    f"prediction {name} has no scores; "
                    f"{type(self).__name__} with confidences needs them"
                )
        texts = total([spot(image, self.rule) for image in images], self.protocol)
        outlines = total(
            [detect(image, self.rule) for image in images],
            f"{self.benchmark} detection only: the same detections, IoU > {self.rule.iou:g}, "
            "texts not compared",
        )
        return replace(texts, also=[outlines])

    def _treatment(self) -> str:
        chosen = "no lexicon"
        if self._lexicons is not None:
            chosen = self.correction.describe(self.lexicon)
        return chosen + f", scores from {self.min_score:g} on" * (self.min_score > 0)

    def _scored(self, images: Sequence[ImagePair]) -> Scores:
        scores = super()._scored(images)
        notes = [] if self._lexicons is None else [str(self._lexicons)]
        return replace(scores, notes=[*scores.notes, *notes])
