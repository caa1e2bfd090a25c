"""The head of DeepSolo: proposals, decoder, losses, and what texts are made of.

Ye et al., "DeepSolo: Let Transformer Decoder with Explicit Points Solo for Text Spotting", CVPR
2023. Shapes: B batch, D layers, S tokens, C width, K queries of P points each, V classes.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from tcm.charset import Charset, CharsetConfig
from tcm.errors import ConfigError
from tcm.models.detection_transformer.memory import Memory
from tcm.models.detection_transformer.proposals import Proposals, TokenProposals
from tcm.models.detection_transformer.query_head import QueryHead
from tcm.models.spotters.deepsolo.curves import CurveSampler
from tcm.models.spotters.deepsolo.decode import DeepSoloDecoder
from tcm.models.spotters.deepsolo.decoder import PointDecoder
from tcm.models.spotters.deepsolo.losses import DeepSoloLoss, texts_of
from tcm.registry import MODELS, Built
from tcm.structures import Config
from tcm.values import Positive

_SURE = 10.0  # logit of an ideal prediction
_GIVEN = ("width", "queries", "points", "classes")


@MODELS.register()
class DeepSoloHead(QueryHead):
    """Find centre curves, and let the points of each one outline and read a text.

    Args:
        in_channels: Width C of the tokens of its neck, `DeformableEncoder`.
        charset: As `Charset.build` takes it; its padding is the blank of CTC.
        queries: K, texts of an image at most.
        points: P; a text has as many characters at most, counting each repetition twice.
        transformer: Config of the decoder of points, `PointDecoder` by default.
        loss: Config of the losses, `DeepSoloLoss` by default.
        decode: Config of what makes texts, without `charset`; `DeepSoloDecoder` by default.
    """

    decoder: DeepSoloDecoder
    places = "boundary"

    def __init__(
        self,
        in_channels: int,
        charset: CharsetConfig,
        queries: Positive = 100,
        points: Positive = 25,
        transformer: Annotated[Config | None, Built(MODELS, _GIVEN)] = None,
        loss: Annotated[Config | None, Built(MODELS)] = None,
        decode: Annotated[Config | None, Built(MODELS, ("charset",))] = None,
    ) -> None:
        super().__init__()
        self.charset = Charset.build(charset, "model.head.charset")
        blank = self.charset.num_classes - 1
        if self.charset.padding_index != blank:
            raise ConfigError(
                "model.head.charset: specials 'authors' is wanted, whose last class is the padding"
            )
        self.proposals = TokenProposals(in_channels, queries, 8)
        self.sampler = CurveSampler(points)
        given = dict(zip(_GIVEN, (in_channels, queries, points, blank + 1), strict=True))
        self.transformer: PointDecoder = MODELS.build(
            transformer or {"type": "PointDecoder"}, "model.head.transformer", **given
        )
        self.criterion = DeepSoloLoss() if loss is None else MODELS.build(loss, "model.head.loss")
        self.set_decoder(decode, DeepSoloDecoder, charset=asdict(self.charset))

    def forward(self, feature: Memory) -> dict[str, Tensor]:
        """Return what `PointDecoder` says of the texts, and ``extents`` (B, 2).

        The latter are the height and width in network pixels that places in [0, 1] are shares of.
        In training all layers speak, and the tokens too: ``enc_logits`` (B, S) and ``enc_beziers``
        (B, S, 8).

        Args:
            feature: Of `DeformableEncoder`.
        """
        proposals = self.propose(feature)
        points = self.sampler(proposals.best.unflatten(2, (4, 2)))
        said = self.transformer(feature, points, self.training)
        said["extents"] = feature.extents
        if self.training:
            said |= {"enc_logits": proposals.logits, "enc_beziers": proposals.shapes}
        return said

    def propose(self, memory: Memory) -> Proposals:
        """Return the centre curves of the tokens: 4 control points, which begin as their centre."""
        return self.proposals(memory, memory.places.repeat(1, 1, 4))

    def loss(
        self, predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the losses of `DeepSoloLoss`, given the rows of `DeepSoloTargets`.

        Raises:
            ConfigError: Targets and head differ in their points.
        """
        points = targets["point_rows"].shape[2] // 2
        if points != self.transformer.points:
            raise ConfigError(
                f"DeepSoloTargets has points {points}, model.head {self.transformer.points}"
            )
        return self.criterion(predictions, targets)

    def predictions_of(self, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return predictions that outline the texts and read what CTC can align of them."""
        classes = self.charset.num_classes
        texts = texts_of(targets, classes - 1)
        points = texts.points.shape[2] // 2
        spelt = texts.classes
        again = F.pad(spelt[..., 1:] == spelt[..., :-1], (1, 0)) & (spelt < classes - 1)
        place = torch.arange(spelt.shape[2], device=spelt.device) + again.cumsum(2)
        path = spelt.new_full((*spelt.shape[:2], 2 * spelt.shape[2] + points), classes - 1)
        path = path.scatter(2, place, spelt)[..., :points]
        sure = (texts.valid.float() * 2 - 1) * _SURE
        return {
            "logits": sure[:, None, :, None].expand(-1, -1, -1, points),
            "text_logits": F.one_hot(path, classes).float().unsqueeze(1) * _SURE,
            "points": texts.points.unflatten(2, (points, 2)).unsqueeze(1),
            "boundary": texts.boundary.unflatten(2, (points, 4)).unsqueeze(1),
            "extents": targets["size_rows"][:, 0],
        }
