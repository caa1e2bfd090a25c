"""Zero-shot classification: which of several captions is nearest to an image.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021,
section 3.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from tcm.errors import DataError, nearest
from tcm.evaluation.scores import ratio
from tcm.registry import METRICS
from tcm.structures import TextInstances
from tcm.values import Bounds, NotNegative


@dataclass(frozen=True)
class ZeroShotScores:
    """The result of `ZeroShot` on a dataset.

    Attributes:
        present: Images in which text was rightly found, or rightly not found.
        images: All images.
        right: Images of which the word was told.
        words: Images with a word.
        unseen_right: The same of the words that were held out.
        unseen_words: Images with such a word.
        choices: Words that each was told from, its own among them.
    """

    present: int
    images: int
    right: int
    words: int
    unseen_right: int
    unseen_words: int
    choices: int

    @property
    def presence(self) -> float:
        """The share of images in which text was rightly found, or rightly not found."""
        return ratio(self.present, self.images)

    @property
    def word(self) -> float:
        """The share of images with a word of which it was told."""
        return ratio(self.right, self.words)

    @property
    def unseen_word(self) -> float:
        """The same share of the words that training has not shown."""
        return ratio(self.unseen_right, self.unseen_words)

    @property
    def headline(self) -> dict[str, float]:
        """The figures that stand for the result, the one that chooses the best checkpoint last."""
        return {"presence": self.presence, "word": self.word}

    def lines(self) -> list[str]:
        """Return the report to print; its first line names the rule."""
        return [
            f"zero-shot: text or none, and which word of {self.choices}",
            f"  presence {self.presence:.4f} ({self.present} of {self.images} images)  "
            f"word {self.word:.4f} ({self.right} of {self.words})  "
            f"unseen word {self.unseen_word:.4f} ({self.unseen_right} of {self.unseen_words})",
        ]

    def as_dict(self) -> dict[str, float]:
        """Return figures and counts by name."""
        counts = {"images": self.images, "words": self.words, "unseen_words": self.unseen_words}
        return self.headline | {"unseen_word": self.unseen_word} | counts

    def as_report(self) -> dict[str, Any]:
        """Return the rule, figures and counts by name."""
        return {"rule": self.lines()[0], **self.as_dict(), "choices": self.choices}


@METRICS.register()
class ZeroShot:
    """Whether an image shows text, and which word of several it shows.

    Each image's prediction has all labels of the model as texts, with their scores; its truth is
    the one text that it shows, or none.

    Args:
        text: The label of images with text.
        no_text: The label of those without.
        choices: Words that an image's word is told from, itself among them; the others are drawn
            from the model's labels.
        unseen: Labels that training does not show. An image with one of them is told from others of
            them, and counts for itself.
        seed: Of that draw.
    """

    def __init__(
        self,
        text: str = "text",
        no_text: str = "no text",
        choices: Annotated[int, Bounds(ge=2)] = 10,
        unseen: Sequence[str] = (),
        seed: NotNegative = 0,
    ) -> None:
        self.presence = (text, no_text)
        self.unseen = frozenset(unseen)
        self.choices = choices
        self.seed = seed

    def evaluate(
        self,
        predictions: Sequence[TextInstances],
        truths: Sequence[TextInstances],
        names: Sequence[str] | None = None,
    ) -> ZeroShotScores:
        """Compare the labels' scores.

        Args:
            predictions: One an image, whose texts are the labels.
            truths: One an image, in the same order.
            names: The images, for errors.

        Raises:
            DataError: An image's word is none of the labels, or there are too few of these.
        """
        names = [str(i) for i in range(len(truths))] if names is None else names
        present, counts = 0, {False: [0, 0], True: [0, 0]}
        for i, (found, truth, name) in enumerate(zip(predictions, truths, names, strict=True)):
            assert found.scores is not None, "labels come with scores"
            scores = dict(zip(found.texts, found.scores.tolist(), strict=True))
            present += (self._score(scores, 0) > self._score(scores, 1)) == bool(len(truth))
            word = truth.texts[0] if len(truth) else None
            if word is not None:
                count = counts[word.lower() in self.unseen]
                count[0] += self._is_best(word.lower(), scores, i, name)
                count[1] += 1
        (right, words), (unseen_right, unseen_words) = counts[False], counts[True]
        return ZeroShotScores(
            present, len(truths), right, words, unseen_right, unseen_words, self.choices
        )

    def _score(self, scores: dict[str | None, float], which: int) -> float:
        label = self.presence[which]
        if label not in scores:
            known = [text for text in scores if text]
            raise DataError(f"ZeroShot: no label of the model is '{label}'{nearest(label, known)}")
        return scores[label]

    def _is_best(self, word: str, scores: dict[str | None, float], i: int, name: str) -> bool:
        """Tell whether a word has a greater score than the others that are drawn for an image."""
        kind = word in self.unseen
        known = [text for text in scores if text and text not in self.presence]
        others = [text for text in known if text != word and (text in self.unseen) == kind]
        if word not in scores:
            raise DataError(f"{name}: '{word}' is no label of the model{nearest(word, known)}")
        if len(others) < self.choices - 1:
            raise DataError(f"ZeroShot: {self.choices} words are wanted, the model has fewer")
        rng = np.random.default_rng([self.seed, i])
        drawn = rng.choice(len(others), self.choices - 1, replace=False).tolist()
        return all(scores[word] > scores[others[k]] for k in drawn)
