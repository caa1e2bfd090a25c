"""CLIP4STR's captions as a graph: from the visual branch's texts to the cross-modal memory.

Zhao et al., "CLIP4STR: A Simple Baseline for Scene Text Recognition with Pre-trained
Vision-Language Model", TIP 2024, section "cross-modal branch".
"""

from collections.abc import Sequence

import numpy as np

from tcm.charset import Charset
from tcm.clip.byte_pairs import BytePairs
from tcm.inference.onnx.decoder import Arrays, Run


class OnnxCaptions:
    """Join images with the captions of texts.

    Args:
        run: Of ids, places and the image's memory makes the cross-modal memory.
        charset: Of captions, folding.
        pairs: Turns them into ids.
        length: Tokens of a caption.
    """

    def __init__(self, run: Run, charset: Charset, pairs: BytePairs, length: int) -> None:
        self._run, self._charset, self._pairs, self._length = run, charset, pairs, length

    def join(self, image: Arrays, texts: Sequence[str]) -> Arrays:
        """Return the image's tokens with those of each text's caption behind them.

        Equal captions are encoded once.
        """
        captions = [self._charset.kept(text) for text in texts]
        places = {caption: i for i, caption in enumerate(dict.fromkeys(captions))}
        ids = np.array([self._pairs.row(caption, self._length) for caption in places])
        return self._run(ids=ids, places=np.array([places[c] for c in captions]), **image)
