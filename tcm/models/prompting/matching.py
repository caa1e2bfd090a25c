"""Visual prompt, text refinement and instance-language matching (TCM, sections 3.2 and 3.3).

Shapes: B batch, K classes, D joint embedding, h x w the grid of the last level.
"""

from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tcm.models.prompting.decoder import CrossAttentionDecoder
from tcm.registry import Arguments
from tcm.structures import Config, Matching


class InstanceLanguageMatching(nn.Module):
    """Compare every position of the image with every class text.

    Args:
        dim: D.
        num_classes: K.
        decoder: Arguments of both `CrossAttentionDecoder`s but `dim`.
        visual_prompt: Whether the dense embedding gets the visual prompt.
        text_refinement: Whether the text embedding is refined by the image (in the authors' code,
            not in the paper).
        residual_scale: Initial value of the learnable factors of both.
        temperature: What the cosine is divided by for the logits.
    """

    def __init__(
        self,
        dim: int,
        num_classes: int = 1,
        decoder: Annotated[Config | None, Arguments(CrossAttentionDecoder, ("dim",))] = None,
        visual_prompt: bool = True,
        text_refinement: bool = True,
        residual_scale: float = 1e-3,
        temperature: float = 0.07,
    ) -> None:
        super().__init__()
        self.temperature = temperature
        decoder = decoder or {}
        self.visual_prompt_generator = (
            CrossAttentionDecoder(dim, **decoder) if visual_prompt else None
        )
        self.vis_gamma = nn.Parameter(torch.tensor(residual_scale)) if visual_prompt else None
        self.text_refinement = CrossAttentionDecoder(dim, **decoder) if text_refinement else None
        self.gamma = nn.Parameter(torch.full((dim,), residual_scale)) if text_refinement else None
        if num_classes == 1:
            if self.visual_prompt_generator is not None:
                self.visual_prompt_generator.expect_single(memory=True)
            if self.text_refinement is not None:
                self.text_refinement.expect_single(query=True)

    def forward(self, global_BD: Tensor, dense_BDhw: Tensor, text_BKD: Tensor) -> Matching:
        """Return the score map (B, K, h, w) as cosine in [-1, 1] and as logits.

        Args:
            global_BD: Global image embedding.
            dense_BDhw: Dense image embedding.
            text_BKD: Text embeddings; batch size 1 where they do not depend on the image.
        """
        batch, _, *grid = dense_BDhw.shape
        text_BKD = text_BKD.expand(batch, -1, -1)
        dense_BND = dense_BDhw.flatten(2).transpose(1, 2)
        visual_BND, refined_BKD = dense_BND, text_BKD
        if self.visual_prompt_generator is not None:
            prompt_BND = self.visual_prompt_generator(dense_BND, text_BKD)
            visual_BND = dense_BND + self.vis_gamma * prompt_BND
        if self.text_refinement is not None:
            memory = torch.cat([global_BD[:, None], dense_BND], dim=1)
            refined_BKD = text_BKD + self.gamma * self.text_refinement(text_BKD, memory)
        cosine_BNK = _cosine(visual_BND, refined_BKD)
        cosine = cosine_BNK.transpose(1, 2).unflatten(2, grid)
        return Matching(cosine, cosine / self.temperature)


def _cosine(visual_BND: Tensor, text_BKD: Tensor) -> Tensor:
    """Return the cosines (B, N, K), N = h*w, in float32.

    Half precision would quantise the map that the detector reads.
    """
    with torch.autocast(visual_BND.device.type, enabled=False):
        visual = F.normalize(visual_BND.float(), dim=-1, eps=1e-12)
        text = F.normalize(text_BKD.float(), dim=-1, eps=1e-12)
        return visual @ text.transpose(1, 2)
