"""OCRBench v2's questions: answers in free text that are texts, places, or both.

A question is an object ``{"id", "answers": [text, ...], "box": [xmin, ymin, xmax, ymax]}`` with one
of both or both, its answer ``{"id", "answer": text}``, a line each or in a list. Of both, each is
worth half.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tcm.annotations.files import brief, numbers
from tcm.annotations.regions import mapping
from tcm.errors import ConfigError, DataError, nearest
from tcm.evaluation.files.archives import Strict
from tcm.evaluation.foreign.entries import Form, read_entries
from tcm.evaluation.foreign.output import SystemOutput
from tcm.evaluation.reading.answers import Language, answer_score, grounding_score
from tcm.evaluation.scores import Scores
from tcm.registry import METRICS
from tcm.structures import TextInstances

_FORM = Form(keys=("id",))
_KINDS = {(True, False): "texts", (False, True): "places", (True, True): "texts and places"}


class Question(NamedTuple):
    """What a question's answer is compared with: texts, a box, or both."""

    texts: Sequence[str]
    box: Sequence[float] | None = None


@dataclass(frozen=True)
class AnswerScores(Scores):
    """The mean of what answers are worth: `matched` is their sum, `truths` the questions."""

    @property
    def headline(self) -> dict[str, float]:
        """The mean."""
        return {"score": self.recall}

    def _counts(self) -> str:
        return f"{self.truths} questions"

    _cared = _counts


@METRICS.register()
class OCRBenchV2Answers:
    """The mean worth of answers; `also` has it by kind of question.

    In memory an image is a question, its texts, joined by blanks, are the answer.

    Args:
        language: As for `tcm.evaluation.reading.answers.answer_score`.
        case_sensitive: Likewise.
    """

    def __init__(self, language: Language = "en", case_sensitive: bool = False) -> None:
        self.language = language
        self.case_sensitive = case_sensitive

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        case = "counts" if self.case_sensitive else "aside"
        return f"OCRBench v2 answers, {self.language}: contained or ANLS, case {case}; IoU of boxes"

    def evaluate(
        self,
        predictions: Sequence[TextInstances],
        truths: Sequence[TextInstances],
        names: Sequence[str] | None = None,
    ) -> AnswerScores:
        """Score the texts of images."""
        found, true = ([_text(one) for one in side] for side in (predictions, truths))
        return self._score([Question([text]) for text in true], found)

    def evaluate_archives(
        self, gt_path: str | Path, pred: str | Path | SystemOutput, strict: Strict = "submission"
    ) -> AnswerScores:
        """Score answers; a question without one is worth nothing.

        Args:
            gt_path: A file, folder or zip of questions.
            pred: Likewise, of answers.
            strict: Of no effect.

        Raises:
            ConfigError: The answers are what a reader of texts has saved.
            DataError: A file is missing or of another form, or an id is there twice or unknown; the
                text names file and place.
        """
        if isinstance(pred, SystemOutput):
            raise ConfigError("--from: what other systems have saved are texts, no answers")
        questions = {k: _question(*one) for k, one in _by_id(Path(gt_path)).items()}
        answers: dict[str, str] = {}
        for key, (content, place) in _by_id(Path(pred)).items():
            if key not in questions:
                raise DataError(f"{place}: no question '{key}'{nearest(key, questions)}")
            answers[key] = _answer(content, place)
        missing = [key for key in questions if key not in answers]
        notes = [f"questions without an answer: {len(missing)}, worth nothing"] * bool(missing)
        return self._score(
            list(questions.values()), [answers.get(key, "") for key in questions], notes
        )

    def image_id(self, stem: str) -> str:
        """Return the id in an image's name without suffix: all of it."""
        return stem

    def _score(
        self, questions: Sequence[Question], answers: Sequence[str], notes: Sequence[str] = ()
    ) -> AnswerScores:
        values: dict[str, list[float]] = {}
        for question, answer in zip(questions, answers, strict=True):
            kind = _KINDS[bool(question.texts), question.box is not None]
            values.setdefault(kind, []).append(self._worth(question, answer))
        also = [
            AnswerScores(sum(each), len(each), len(each), f"{self.protocol}: {kind} alone")
            for kind, each in values.items()
        ]
        total, count = sum(one.matched for one in also), len(questions)
        parts = also if len(also) > 1 else []
        return AnswerScores(total, count, count, self.protocol, also=parts, notes=notes)

    def _worth(self, question: Question, answer: str) -> float:
        worth = []
        if question.texts:
            texts = question.texts
            worth.append(answer_score(answer, texts, self.language, self.case_sensitive))
        if question.box is not None:
            worth.append(grounding_score(answer, question.box))
        return sum(worth) / len(worth)


def _by_id(path: Path) -> dict[str, tuple[Mapping[str, Any], str]]:
    found: dict[str, tuple[Mapping[str, Any], str]] = {}
    for entry in read_entries([path], _FORM):
        content = mapping(entry.beside, entry.place)
        if "id" not in content:
            raise DataError(f"{entry.place}: 'id' is missing{nearest('id', content)}")
        if entry.name in found:
            also = found[entry.name][1]
            raise DataError(f"{entry.place}: '{entry.name}' is there twice, also {also}")
        found[entry.name] = content, entry.place
    return found


def _question(content: Mapping[str, Any], place: str) -> Question:
    texts, box = content.get("answers"), content.get("box")
    texts = [] if texts is None else texts if isinstance(texts, list) else [texts]
    if not all(isinstance(text, str) for text in texts):
        raise DataError(f"{place}.answers: texts are wanted, got {brief(texts)}")
    if not texts and box is None:
        raise DataError(f"{place}: neither 'answers' nor 'box'{nearest('answers', content)}")
    if box is None:
        return Question(texts)
    if not isinstance(box, list) or len(box) != 4:
        raise DataError(f"{place}.box: [xmin, ymin, xmax, ymax] is wanted, got {brief(box)}")
    return Question(texts, numbers(box, f"{place}.box").tolist())


def _answer(content: Mapping[str, Any], place: str) -> str:
    answer = content.get("answer")
    if not isinstance(answer, str):
        hint = nearest("answer", content) if answer is None else ""
        raise DataError(f"{place}: an 'answer' is wanted, a text{hint}")
    return answer


def _text(instances: TextInstances) -> str:
    return " ".join(text for text in instances.texts if text)
