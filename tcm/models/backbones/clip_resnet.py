"""CLIP-R50 ("CR50"): CLIP's convolutional trunk alone, as a plain backbone."""

from typing import Annotated

from torch import Tensor

from tcm.clip.visual import CLIPVisualTrunk
from tcm.clip.weights import load_visual, read_clip_state
from tcm.models.backbones.backbone import Backbone, FrozenStages
from tcm.registry import MODELS, Arguments
from tcm.structures import Config, Features

TrunkConfig = Annotated[Config | None, Arguments(CLIPVisualTrunk)]


@MODELS.register("CLIPResNet")
class CLIPResNet(Backbone):
    """CLIP's image encoder without its attention pool and without a text side.

    Args:
        pretrained: Weights as of `tcm.clip.weights.read_clip_state`; None for random
            initialisation.
        clip_model: Name of the architecture in open_clip, which `pretrained` belongs to.
        trunk: Arguments of `CLIPVisualTrunk`; RN50's by default.
        frozen_stages: Stages that are not trained, 0 for the stem alone; see `Backbone.freeze`.
        norm_eval: Whether batch norms use their running statistics in training too.
        norm_requires_grad: Whether weights and biases of batch norms are trained.
        with_cp: Whether training computes the trunk's activations twice to save memory; see
            `Backbone.checkpoint`.
    """

    trunk: CLIPVisualTrunk
    clip_weights = True

    def __init__(
        self,
        pretrained: str | None,
        clip_model: str = "RN50",
        trunk: TrunkConfig = None,
        frozen_stages: FrozenStages = -1,
        norm_eval: bool = False,
        norm_requires_grad: bool = True,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.trunk = CLIPVisualTrunk(**{**(trunk or {}), "heads": None})
        self.out_channels = list(self.trunk.out_channels)
        if pretrained is not None:
            load_visual(self.trunk, read_clip_state(pretrained, clip_model), pretrained)
        self.freeze(frozen_stages, norm_eval, norm_requires_grad)
        self.checkpoint(with_cp)

    def forward(self, images: Tensor) -> Features:
        """Return the four levels of normalised images (B, 3, H, W)."""
        return Features(self.trunk(images))
