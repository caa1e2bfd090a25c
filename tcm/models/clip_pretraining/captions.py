"""Captions as the tokens that the text encoder takes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from open_clip.tokenizer import default_bpe

from tcm.clip.byte_pairs import CLIP_TOKENS, BytePairs
from tcm.clip.text import TokenRows
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import Positive


@TRANSFORMS.register()
class CaptionTargets:
    """Write what an image's texts say as one caption, in tokens.

    The caption of a captioned image, whose one text it is, stays as it is with the default
    template. Of a scene it has the first texts that can be read, and if there are none, one of
    `empty`, or if some are there that nobody can read, one of `unread`.

    Fills ``sample.maps``: ``caption_rows`` int64 (1, context_length): start, pieces, end, zeros. A
    longer caption is cut, and ends with the end then.
    """

    def __init__(
        self,
        context_length: Positive = 77,
        vocab_size: TokenRows = CLIP_TOKENS,
        templates: Sequence[str] = ("{}",),
        empty: Sequence[str] = ("no text",),
        unread: Sequence[str] = ("text",),
        most: Positive = 3,
    ) -> None:
        """Set up.

        Args:
            context_length: Of the text encoder.
            vocab_size: Of the text encoder.
            templates: What is drawn from, ``{}`` for the texts.
            empty: Captions of an image without text.
            unread: Captions of an image whose texts are all ignored.
            most: Texts of a caption.
        """
        self.context_length = context_length
        self.pairs = BytePairs(default_bpe(), vocab_size)
        self.templates, self.empty, self.unread = list(templates), list(empty), list(unread)
        self.most = most

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with its caption added."""
        caption = self.caption(sample, rng)
        rows = np.array([self.pairs.row(caption, self.context_length)], np.int64)
        return replace(sample, maps={**sample.maps, "caption_rows": rows})

    def caption(self, sample: Sample, rng: np.random.Generator) -> str:
        """Return the caption of a sample."""
        found = sample.instances
        texts = [t for t, out in zip(found.texts, found.ignored, strict=True) if t and not out]
        if texts:
            return _one(self.templates, rng).replace("{}", " ".join(texts[: self.most]))
        return _one(self.unread if len(found) else self.empty, rng)


def _one(choices: Sequence[str], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(len(choices)))]
