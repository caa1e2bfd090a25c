"""FastTCM-CR50 as a backbone.

Yu et al., "Turning a CLIP Model into a Scene Text Spotter", TPAMI 2024.

The text side does not see the image, so that outside training it is one constant; the image comes
in again behind it by bimodal similarity matching.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from tcm.models.backbones.backbone import FrozenStages
from tcm.models.backbones.clip_resnet import TrunkConfig
from tcm.models.backbones.tcm import TCM, Concat, MatchingConfig, TextEncoderConfig
from tcm.models.prompting.bsm import BimodalSimilarityMatching
from tcm.registry import MODELS
from tcm.values import NotNegative, Positive


@MODELS.register("FastTCM")
class FastTCM(TCM):
    """TCM with a meta query in place of the image condition, and with BSM.

    While the model has a text side, every forward pass encodes the text: weights change under a
    validation, and nobody tells the model. `deploy` folds it into a constant.

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
        concat: As of `TCM`.
        frozen_stages: Stages that are not trained, 0 for the stem alone; see `Backbone.freeze`.
        norm_eval: Whether batch norms use their running statistics in training too.
        norm_requires_grad: Whether weights and biases of batch norms are trained.
        with_cp: Whether training computes the trunk's activations twice to save memory; see
            `Backbone.checkpoint`.
    """

    text_constant: Tensor  # a buffer once deployed

    _meta_query = True

    def __init__(
        self,
        pretrained: str | None,
        clip_model: str = "RN50",
        prompts: Sequence[str] = ("Text",),
        num_contexts: NotNegative = 4,
        prompt_length: Positive | None = None,
        generate_prompt: bool = True,
        bsm: Literal["paper", "released"] | None = "paper",
        trunk: TrunkConfig = None,
        text_encoder: TextEncoderConfig = None,
        matching: MatchingConfig = None,
        concat: Concat = "cosine",
        frozen_stages: FrozenStages = -1,
        norm_eval: bool = False,
        norm_requires_grad: bool = True,
        with_cp: bool = False,
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
            concat,
            frozen_stages,
            norm_eval,
            norm_requires_grad,
            with_cp,
        )
        dim = self.trunk.output_dim
        self.bsm = BimodalSimilarityMatching(dim, bsm) if bsm is not None else None

    def embed_text(self, global_BD: Tensor) -> Tensor:
        """Return the text embeddings (B, K, D) for the global image embeddings (B, D)."""
        text_1KD = self.text_embedding()
        return text_1KD if self.bsm is None else self.bsm(global_BD, text_1KD)

    def text_embedding(self) -> Tensor:
        """Return the text embedding (1, K, D), which does not depend on the image."""
        if self.text_side is None:
            return self.text_constant
        # In full precision always: once a batch it costs nothing, and the constant of a deployed
        # model is then that of training.
        with torch.autocast(self.trunk.conv1.weight.device.type, enabled=False):
            return self.text_side()

    def deploy(self) -> None:
        """Replace the text side by its result, in place; the model can't be trained on.

        Prompts, contexts, meta query, generator and text encoder are gone. The result is the
        persistent buffer `text_constant` (1, K, D), so that a state dict carries it.
        """
        if self.text_side is None:
            return
        with torch.no_grad():
            constant = self.text_embedding()
        self.text_side = None
        self.register_buffer("text_constant", constant.detach().clone())
