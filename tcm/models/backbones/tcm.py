"""TCM-CR50 as a backbone.

Yu et al., "Turning a CLIP Model into a Scene Text Detector", CVPR 2023.

Shapes: B batch, K classes, D joint embedding.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from torch import Tensor

from tcm.clip.text import PromptedTextEncoder
from tcm.clip.visual import CLIPVisualTrunk
from tcm.clip.weights import load_text, load_visual, read_clip_state
from tcm.models.aligned import cat_channels
from tcm.models.backbones.backbone import Backbone, FrozenStages
from tcm.models.backbones.clip_resnet import TrunkConfig
from tcm.models.prompting.matching import InstanceLanguageMatching
from tcm.models.prompting.text_side import TextSide
from tcm.registry import MODELS, Arguments
from tcm.structures import Config, Features
from tcm.values import NotNegative, Positive

TextEncoderConfig = Annotated[Config | None, Arguments(PromptedTextEncoder, ("embed_dim",))]
Concat = Literal["cosine", "logits"]
MatchingConfig = Annotated[
    Config | None, Arguments(InstanceLanguageMatching, ("dim", "num_classes"))
]


@MODELS.register("TCM")
class TCM(Backbone):
    """CLIP's trunk, a text side conditioned on each image, and their matching.

    The score map of the matching is concatenated to the last level.

    Args:
        pretrained: Weights as of `tcm.clip.weights.read_clip_state`; None for random
            initialisation.
        clip_model: Name of the architecture in open_clip, which `pretrained` belongs to.
        prompts: The class texts; the paper's is one, "Text". An empty list uses the contexts alone.
        num_contexts: Learnable contexts between the start token and the class text; 0 for none.
        prompt_length: Tokens of a class text, padding included; None takes the longest text's.
        generate_prompt: Whether the language prompt generator is used.
        trunk: Arguments of `CLIPVisualTrunk`; RN50's by default.
        text_encoder: Arguments of `PromptedTextEncoder` but `embed_dim`; RN50's by default.
        matching: Arguments of `InstanceLanguageMatching` but `dim` and `num_classes`.
        concat: What of the matching is put behind the last level: its ``cosine``, or its
            ``logits``, the cosine over the temperature, which TCM takes on DOTA.
        frozen_stages: Stages that are not trained, 0 for the stem alone; see `Backbone.freeze`.
        norm_eval: Whether batch norms use their running statistics in training too.
        norm_requires_grad: Whether weights and biases of batch norms are trained.
        with_cp: Whether training computes the trunk's activations twice to save memory; see
            `Backbone.checkpoint`.
    """

    text_side: TextSide | None  # None once FastTCM is deployed

    trunk: CLIPVisualTrunk
    clip_weights = True
    _meta_query = False

    def __init__(
        self,
        pretrained: str | None,
        clip_model: str = "RN50",
        prompts: Sequence[str] = ("Text",),
        num_contexts: NotNegative = 4,
        prompt_length: Positive | None = None,
        generate_prompt: bool = True,
        trunk: TrunkConfig = None,
        text_encoder: TextEncoderConfig = None,
        matching: MatchingConfig = None,
        concat: Concat = "cosine",
        frozen_stages: FrozenStages = -1,
        norm_eval: bool = False,
        norm_requires_grad: bool = True,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.trunk = CLIPVisualTrunk(**(trunk or {}))
        dim = self.trunk.output_dim
        encoder = PromptedTextEncoder(**(text_encoder or {}), embed_dim=dim)
        if pretrained is not None:
            clip_state = read_clip_state(pretrained, clip_model)
            load_visual(self.trunk, clip_state, pretrained)
            load_text(encoder, clip_state, pretrained)
        self.text_side = TextSide(
            encoder, dim, prompts, num_contexts, prompt_length, generate_prompt, self._meta_query
        )
        classes = self.text_side.num_classes
        self.matching = InstanceLanguageMatching(dim, classes, **(matching or {}))
        self.concat = concat
        self.out_channels = [*self.trunk.out_channels[:3], self.trunk.out_channels[3] + classes]
        self.freeze(frozen_stages, norm_eval, norm_requires_grad)
        self.checkpoint(with_cp)

    def forward(self, images: Tensor) -> Features:
        """Return the four levels, with the score map behind the last, and the matching.

        Args:
            images: (B, 3, H, W), normalised.
        """
        levels = self.trunk(images)
        global_BD, dense_BDhw = self.trunk.embed(levels[3])
        text_BKD = self.embed_text(global_BD)
        matching = self.matching(global_BD, dense_BDhw, text_BKD)
        behind = matching.cosine if self.concat == "cosine" else matching.logits
        last = cat_channels(levels[3], behind.to(levels[3].dtype))
        return Features([*levels[:3], last], matching)

    def embed_text(self, global_BD: Tensor) -> Tensor:
        """Return the text embeddings (B, K, D) for the global image embeddings (B, D)."""
        assert self.text_side is not None, "only FastTCM does without a text side"
        return self.text_side(global_BD)
