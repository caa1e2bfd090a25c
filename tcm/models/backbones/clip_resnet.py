"""CLIP-R50 ("CR50"): CLIP's convolutional trunk alone, as a plain backbone."""

from torch import Tensor, nn

from tcm.clip.visual import CLIPVisualTrunk
from tcm.clip.weights import load_visual, read_clip_state
from tcm.registry import MODELS
from tcm.structures import Config, Features


@MODELS.register("CLIPResNet")
class CLIPResNet(nn.Module):
    """CLIP's image encoder without its attention pool and without a text side.

    Args:
        pretrained: Weights as of `tcm.clip.weights.read_clip_state`; None for random
            initialisation.
        clip_model: Name of the architecture in open_clip, which `pretrained` belongs to.
        trunk: Arguments of `CLIPVisualTrunk`; RN50's by default.
    """

    def __init__(
        self, pretrained: str | None, clip_model: str = "RN50", trunk: Config | None = None
    ) -> None:
        super().__init__()
        self.trunk = CLIPVisualTrunk(**{**(trunk or {}), "heads": None})
        self.out_channels = list(self.trunk.out_channels)
        if pretrained is not None:
            load_visual(self.trunk, read_clip_state(pretrained, clip_model), pretrained)

    def forward(self, images: Tensor) -> Features:
        """Return the four levels of normalised images (B, 3, H, W)."""
        return Features(self.trunk(images))
