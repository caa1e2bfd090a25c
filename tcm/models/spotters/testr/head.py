"""The head of TESTR: boxes, decoder of two branches, losses, and what texts are made of.

Zhang et al., "Text Spotting Transformers", CVPR 2022. Shapes: B batch, D layers, S tokens, C width,
K queries of P points and T characters each, V classes.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from tcm.charset import Charset, CharsetConfig
from tcm.errors import ConfigError
from tcm.models.detection_transformer.memory import Memory
from tcm.models.detection_transformer.proposals import Proposals, TokenProposals
from tcm.models.detection_transformer.query_head import QueryHead
from tcm.models.spotters.testr.decode import TESTRDecoder
from tcm.models.spotters.testr.decoder import BoxDecoder
from tcm.models.spotters.testr.losses import TESTRLoss
from tcm.registry import MODELS, Built
from tcm.structures import Config
from tcm.values import Positive

_SURE = 10.0  # logit of an ideal prediction
_SIDE = 0.05  # of a box on the finest level, as a share of the image; doubled on each further one
_CONTROL = 8  # points of a Bezier outline
_GIVEN = ("width", "points", "length", "classes", "stretched")


@MODELS.register()
class TESTRHead(QueryHead):
    """Find boxes, and let points and slots of characters around each outline and read a text.

    Args:
        in_channels: Width C of the tokens of its neck, `DeformableEncoder`.
        charset: As `Charset.build` takes it.
        queries: K, texts of an image at most.
        outline: ``polygon`` or ``bezier``, 8 control points that may leave the image.
        points: P of a polygon.
        length: T, characters of a text at most.
        transformer: Config of the decoder of points and characters, `BoxDecoder` by default.
        loss: Config of the losses, `TESTRLoss` by default.
        decode: Config of what makes texts, without `charset` and `outline`; `TESTRDecoder` by
            default.
    """

    decoder: TESTRDecoder
    places = "points"

    def __init__(
        self,
        in_channels: int,
        charset: CharsetConfig,
        queries: Positive = 100,
        outline: Literal["polygon", "bezier"] = "polygon",
        points: Positive = 16,
        length: Positive = 25,
        transformer: Annotated[Config | None, Built(MODELS, _GIVEN)] = None,
        loss: Annotated[Config | None, Built(MODELS)] = None,
        decode: Annotated[Config | None, Built(MODELS, ("charset", "outline"))] = None,
    ) -> None:
        super().__init__()
        self.charset = Charset.build(charset, "model.head.charset")
        self.proposals = TokenProposals(in_channels, queries, 4)
        bezier = outline == "bezier"
        count = _CONTROL if bezier else points
        values = (in_channels, count, length, self.charset.num_classes, bezier)
        self.transformer: BoxDecoder = MODELS.build(
            transformer or {"type": "BoxDecoder"},
            "model.head.transformer",
            **dict(zip(_GIVEN, values, strict=True)),
        )
        self.criterion = TESTRLoss() if loss is None else MODELS.build(loss, "model.head.loss")
        self.set_decoder(decode, TESTRDecoder, charset=asdict(self.charset), outline=outline)

    def forward(self, feature: Memory) -> dict[str, Tensor]:
        """Return what `BoxDecoder` says of the texts, and ``extents`` (B, 2).

        The latter are the height and width in network pixels that places are shares of. In training
        all layers speak, and the tokens too: ``enc_logits`` (B, S) and ``enc_boxes`` (B, S, 4).

        Args:
            feature: Of `DeformableEncoder`.
        """
        proposals = self.propose(feature)
        said = self.transformer(feature, proposals.best, self.training)
        said["extents"] = feature.extents
        if self.training:
            said |= {"enc_logits": proposals.logits, "enc_boxes": proposals.shapes}
        return said

    def propose(self, memory: Memory) -> Proposals:
        """Return the boxes of the tokens, which begin as squares around their centres."""
        places = memory.places
        sides = torch.cat(
            [
                torch.full((height * width,), _SIDE * 2.0**i, device=places.device)
                for i, (height, width) in enumerate(memory.sides)
            ]
        )
        squares = sides[None, :, None].expand(places.shape[0], -1, 2)  # len() would freeze it
        return self.proposals(memory, torch.cat([places, squares], dim=2))

    def loss(
        self, predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the losses of `TESTRLoss`, given the rows of `TESTRTargets`.

        Raises:
            ConfigError: Targets and head differ in their points or the length of texts.
        """
        points, length = targets["point_rows"].shape[2] // 2, targets["text_rows"].shape[2]
        own = self.transformer.points, self.transformer.text_embed.num_embeddings
        if (points, length) != own:
            raise ConfigError(
                f"TESTRTargets has {points} points and length {length}, model.head {own[0]} and "
                f"{own[1]}"
            )
        return self.criterion(predictions, targets)

    def predictions_of(self, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return predictions that outline the texts and read them."""
        points = targets["point_rows"].float().unflatten(2, (-1, 2)).unsqueeze(1)
        sure = ((targets["valid_rows"] > 0).float() * 2 - 1) * _SURE
        spelt = F.one_hot(targets["text_rows"], self.charset.num_classes).float()
        return {
            "logits": sure[:, None, :, None].expand(-1, -1, -1, points.shape[3]),
            "text_logits": spelt.unsqueeze(1) * _SURE,
            "points": points,
            "extents": targets["size_rows"][:, 0],
        }
