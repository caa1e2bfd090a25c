"""FastTCM-CR50 as a backbone.

Yu et al., "Turning a CLIP Model into a Scene Text Spotter", TPAMI 2024.

The text side does not see the image, so that outside training it is one constant; the image comes
in again behind it by bimodal similarity matching.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from tcm.models.backbones.tcm import TCM
from tcm.models.prompting.bsm import BimodalSimilarityMatching
from tcm.registry import MODELS
from tcm.structures import Config


@MODELS.register("FastTCM")
class FastTCM(TCM):
    """TCM with a meta query in place of the image condition, and with BSM.

    In eval mode the text embedding is computed once and kept until `train()` or `load_state_dict()`
    is called. Call `drop_text_side` to leave the text encoder out of a checkpoint for good.

    Args:
        pretrained: Weights as of `tcm.clip.weights.read_clip_state`; None for random
            initialisation.
        clip_model: Name of the architecture in open_clip, which `pretrained` belongs to.
        prompts: The class texts; the paper's is one, "Text". An empty list uses the contexts alone.
        num_contexts: Learnable contexts between the start token and the class text; 0 for none.
        prompt_length: Tokens of a class text, padding included; None takes the longest text's.
        generate_prompt: Whether the language prompt generator is used.
        bsm: ``paper``, ``released`` (see `BimodalSimilarityMatching`) or None for none.
        trunk: Arguments of `CLIPVisualTrunk`; RN50's by default.
        text_encoder: Arguments of `PromptedTextEncoder` but `embed_dim`; RN50's by default.
        matching: Arguments of `InstanceLanguageMatching` but `dim` and `num_classes`.
    """

    text_constant: Tensor  # a buffer once the text side is dropped

    _meta_query = True

    def __init__(
        self,
        pretrained: str | None,
        clip_model: str = "RN50",
        prompts: Sequence[str] = ("Text",),
        num_contexts: int = 4,
        prompt_length: int | None = None,
        generate_prompt: bool = True,
        bsm: str | None = "paper",
        trunk: Config | None = None,
        text_encoder: Config | None = None,
        matching: Config | None = None,
    ) -> None:
        super().__init__(
            pretrained,
            clip_model,
            prompts,
            num_contexts,
            prompt_length,
            generate_prompt,
            trunk,
            text_encoder,
            matching,
        )
        dim = self.trunk.output_dim
        self.bsm = BimodalSimilarityMatching(dim, bsm) if bsm is not None else None
        self.text_cache: Tensor | None = None  # no buffer: averaged weights would mix with it
        self.register_load_state_dict_pre_hook(_forget_text)

    def embed_text(self, global_BD: Tensor) -> Tensor:
        """Return the text embeddings (B, K, D) for the global image embeddings (B, D)."""
        text_1KD = self.text_embedding()
        return text_1KD if self.bsm is None else self.bsm(global_BD, text_1KD)

    def text_embedding(self) -> Tensor:
        """Return the image-independent text embedding (1, K, D), from the cache in eval mode."""
        if self.text_side is None:
            return self.text_constant
        if self.training:
            return self._encode()
        if self.text_cache is None or self.text_cache.device != self._device:
            # A plain tensor even under inference mode, so that it can be used again outside of it.
            with torch.inference_mode(False), torch.no_grad():
                self.text_cache = self._encode()
        return self.text_cache

    def train(self, mode: bool = True) -> "FastTCM":
        """Set the mode; training makes the cached text embedding stale."""
        if mode:
            self.text_cache = None
        return super().train(mode)

    def drop_text_side(self) -> None:
        """Replace the text side by its result, in place.

        Prompts, contexts, meta query, generator and text encoder are gone. The result is the
        persistent buffer `text_constant` (1, K, D), so that a state dict carries it. The model
        can't be trained on.
        """
        with torch.no_grad():
            constant = self.text_embedding() if not self.training else self._encode()
        self.text_cache = None
        self.text_side = None
        self.register_buffer("text_constant", constant.detach().clone())

    def _encode(self) -> Tensor:
        assert self.text_side is not None, "the text side was dropped"
        # In full precision always: once per batch it costs nothing, and the cached value is then
        # that of training.
        with torch.autocast(self._device.type, enabled=False):
            return self.text_side()

    @property
    def _device(self) -> torch.device:
        return self.trunk.conv1.weight.device


def _forget_text(module: FastTCM, *_: object) -> None:
    module.text_cache = None
