"""CLIP4STR's captions as a graph: from the visual branch's texts to the cross-modal memory.

Zhao et al., "CLIP4STR: A Simple Baseline for Scene Text Recognition with Pre-trained
Vision-Language Model", TIP 2024, section "cross-modal branch".
"""

from collections.abc import Sequence

import numpy as np

from tcm.charset import Charset
from tcm.clip.byte_pairs import BytePairs
from tcm.inference.onnx.decoder import Memory, Session


class OnnxCaptions:
    """Join images with the captions of texts.

    Args:
        session: Of ids, places and the image's memory makes the cross-modal memory.
        charset: Of captions, folding.
        pairs: Turns them into ids.
        length: Tokens of a caption.
    """

    def __init__(self, session: Session, charset: Charset, pairs: BytePairs, length: int) -> None:
        self._session, self._charset, self._pairs, self._length = session, charset, pairs, length
        self._names = [entry.name for entry in session.get_inputs()]

    def join(self, image: Memory, texts: Sequence[str]) -> Memory:
        """Return the image's tokens with those of each text's caption behind them.

        Equal captions are encoded once.
        """
        captions = [self._charset.kept(text) for text in texts]
        places = {caption: i for i, caption in enumerate(dict.fromkeys(captions))}
        ids = np.array([self._pairs.row(caption, self._length) for caption in places])
        inputs = [ids, np.array([places[caption] for caption in captions]), *image]
        return self._session.run(None, dict(zip(self._names, inputs, strict=True)))
