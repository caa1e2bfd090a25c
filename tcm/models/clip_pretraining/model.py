"""CLIP with the trunk and the text encoder of TCM, trained contrastively on images with captions.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021.

Shapes: B images, L tokens of a caption, K labels, D joint embedding.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np
import torch
import torch.distributed
from open_clip.loss import ClipLoss
from torch import Tensor, nn
from torch.nn import functional as F

from tcm.clip.text import PromptedTextEncoder, tokenize
from tcm.clip.visual import CLIPVisualTrunk
from tcm.clip.weights import read_clip_state
from tcm.contracts import Graph, Model
from tcm.errors import ConfigError
from tcm.geometry.polygons import transform_points
from tcm.models.backbones.backbone import IMAGENET_MEAN, IMAGENET_STD
from tcm.models.backbones.clip_resnet import TrunkConfig
from tcm.models.backbones.tcm import TextEncoderConfig
from tcm.registry import MODELS
from tcm.state_dicts import load_checked
from tcm.structures import Config, TextInstances

_START = math.log(1 / 0.07)
_MOST = math.log(100)  # the logits are at most a hundred times the cosine, as CLIP's authors do


@MODELS.register()
class CLIPPretraining(PromptedTextEncoder, Model):
    """Bring images and their captions together, in one space.

    As in OpenAI's files the text encoder's parameters are on top and the image encoder's are under
    ``visual``, so that the ``inference.ckpt`` of a run is a file that `pretrained` of the backbones
    reads. When it is tested, images are compared with labels that it was not trained to tell apart.

    Args:
        labels: Captions of images with text and without.
        words: Lists of further labels, words that an image may show.
        pretrained: Weights to begin with as of `tcm.clip.weights.read_clip_state`; None for random
            initialisation.
        clip_model: Name of the architecture in open_clip, which `pretrained` belongs to.
        trunk: Arguments of `CLIPVisualTrunk`; RN50's by default.
        text_encoder: Arguments of `PromptedTextEncoder` but `embed_dim`; RN50's by default.
    """

    mean: Tensor
    std: Tensor
    label_ids: Tensor

    def __init__(
        self,
        labels: tuple[str, str] = ("text", "no text"),
        words: Sequence[Sequence[str]] = (),
        pretrained: str | None = None,
        clip_model: str = "RN50",
        trunk: TrunkConfig = None,
        text_encoder: TextEncoderConfig = None,
    ) -> None:
        visual = CLIPVisualTrunk(**(trunk or {}))
        super().__init__(**(text_encoder or {}), embed_dim=visual.output_dim)
        self.visual = visual
        self.logit_scale = nn.Parameter(torch.tensor(_START))
        self.labels = [*labels, *chain.from_iterable(words)]
        ids_KL = tokenize(self.labels, vocab_size=self.vocab_size)
        self.register_buffer("label_ids", ids_KL, persistent=False)
        for name, value in (("mean", IMAGENET_MEAN), ("std", IMAGENET_STD)):
            self.register_buffer(name, torch.tensor(value).view(3, 1, 1), persistent=False)
        if pretrained is not None:
            state = read_clip_state(pretrained, clip_model)
            positions = state.get("positional_embedding")
            if positions is not None:
                state["positional_embedding"] = positions[: self.context_length]
            load_checked(self, state, pretrained, unused_ok=True)

    def embed_images(self, images: Tensor) -> Tensor:
        """Return the global embeddings (B, D), of length 1, of images (B, 3, H, W) in 0..255."""
        maps = self.visual((images.float() - self.mean) / self.std)
        return F.normalize(self.visual.embed(maps[3])[0].float(), dim=-1)

    def embed_texts(self, ids_BL: Tensor) -> Tensor:
        """Return the embeddings (B, D), of length 1, of captions int64 (B, L)."""
        return F.normalize(self(ids_BL)[0].float(), dim=-1)

    def loss(self, images: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the contrastive loss over the batches of all processes.

        Args:
            images: (B, 3, H, W) RGB in 0..255.
            targets: ``caption_rows`` int64 (B, 1, L), as of `CaptionTargets`.
        """
        with torch.no_grad():  # after the last step, as open_clip does
            self.logit_scale.clamp_(0, _MOST)
        ids_BL = targets["caption_rows"][:, 0]
        image_BD, text_BD = self.embed_images(images), self.embed_texts(ids_BL)
        loss = _loss()(image_BD, text_BD, self.logit_scale.float().exp())
        return {"loss_contrastive": loss}

    @torch.no_grad()
    def outputs(self, images: Tensor, sizes: Tensor | None = None) -> dict[str, Tensor]:
        """Return ``cosine`` (B, K) of images and labels."""
        return {"cosine": self.embed_images(images) @ self.embed_texts(self.label_ids).T}

    def graphs(self) -> dict[str, Graph]:
        """Raise the error that there are none.

        Raises:
            ConfigError: Always; trainings begin with the weights, nothing is run by them alone.
        """
        raise ConfigError(
            "CLIPPretraining cannot be exported: trainings begin with its weights, which tcm pack "
            "--no-graphs packs"
        )

    def runtime(self) -> Config:
        """Return the kind: `tcm pack` writes a CLIP for `pretrained`, without graphs."""
        return {"kind": "clip"}

    def texts_of(
        self,
        outputs: Mapping[str, Tensor],
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return the labels of each image; a score of 1 is a cosine of 1, and 0 one of -1."""
        scores_BK = ((1 + outputs["cosine"]) / 2).numpy()
        return [
            TextInstances([_outline(matrix, size)] * len(row), list(self.labels), scores=row)
            for row, matrix, size in zip(scores_BK, matrices, sizes, strict=True)
        ]


def _loss() -> ClipLoss:
    """Return open_clip's loss for the processes there are."""
    together = torch.distributed.is_available() and torch.distributed.is_initialized()
    rank = torch.distributed.get_rank() if together else 0
    world_size = torch.distributed.get_world_size() if together else 1
    return ClipLoss(local_loss=True, gather_with_grad=True, rank=rank, world_size=world_size)


def _outline(matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    return transform_points(corners, np.linalg.inv(matrix))
