"""The losses of DeepSolo, and what its predictions are matched by (Ye et al., CVPR 2023, 3.5).

Shapes: B batch, S tokens, N texts, D layers, K queries of P points each, V classes of characters.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tcm.models.ctc_loss import ctc_costs, ctc_loss
from tcm.models.detection_transformer.matching import assigned, focal_costs, gathered
from tcm.models.detection_transformer.set_losses import (
    by_layer,
    distance_losses,
    query_focal_losses,
    token_focal_loss,
)
from tcm.models.losses import full_precision, mean_over_processes
from tcm.models.spotters.deepsolo.curves import CurveSampler
from tcm.registry import MODELS
from tcm.values import NotNegativeFloat, Positive


class Texts(NamedTuple):
    """What predictions are compared with; rows of padding are not valid.

    Attributes:
        valid: bool (B, N).
        lengths: int64 (B, N), of the transcriptions; 0 where there is none to learn.
        classes: int64 (B, N, L).
        beziers: float32 (B, N, 8): control points of the centre curve in [0, 1].
        points: float32 (B, N, 2 P): of that curve.
        boundary: float32 (B, N, 4 P).
    """

    valid: Tensor
    lengths: Tensor
    classes: Tensor
    beziers: Tensor
    points: Tensor
    boundary: Tensor


def texts_of(targets: Mapping[str, Tensor], blank: int) -> Texts:
    """Return the tables of `DeepSoloTargets`, stacked, as `Texts`."""
    classes, valid = targets["text_rows"], targets["valid_rows"] > 0
    read = valid & (targets["readable_rows"] > 0)
    # The rows that fill a batch up are zeros, and so a class.
    classes = classes.masked_fill(~read.unsqueeze(2), blank)
    places = (targets[f"{name}_rows"].float() for name in ("bezier", "point", "boundary"))
    return Texts(valid, (classes != blank).sum(dim=2), classes, *places)


@MODELS.register()
class DeepSoloLoss(nn.Module):
    """Give each text to one query of every layer and to one token, and let them learn it.

    The weights are those of the losses and of the costs as well. A text that CTC cannot align with
    P points, because it has more characters than that, counting each repetition twice, costs and
    loses nothing by its characters, and is learnt as a place alone.

    Args:
        class_weight: Of the focal loss of each query's points.
        point_weight: Of the distance of the centre points.
        text_weight: Of CTC's loss.
        boundary_weight: Of the distance of the boundary; it costs nothing.
        encoder_class_weight: Of the focal loss of the tokens.
        bezier_weight: Of the distance of the tokens' curves.
        samples: Points of a curve that are compared.
        ignored: Whether unmatched queries whose centre lies in an ignored text are left out of the
            class loss; to the authors' code they are background.
    """

    def __init__(
        self,
        class_weight: NotNegativeFloat = 1.0,
        point_weight: NotNegativeFloat = 1.0,
        text_weight: NotNegativeFloat = 0.5,
        boundary_weight: NotNegativeFloat = 0.5,
        encoder_class_weight: NotNegativeFloat = 1.0,
        bezier_weight: NotNegativeFloat = 1.0,
        samples: Positive = 25,
        ignored: bool = False,
    ) -> None:
        super().__init__()
        self.weights = {
            "loss_ce": class_weight,
            "loss_ctrl_points": point_weight,
            "loss_texts": text_weight,
            "loss_bd_points": boundary_weight,
            "loss_ce_enc": encoder_class_weight,
            "loss_bezier_enc": bezier_weight,
        }
        self.sampler = CurveSampler(samples)
        self.ignored = ignored

    def forward(
        self, predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the weighted losses, float32 scalars, by the names of the authors' code.

        The last layer's have a plain name, those of the layers before it end in their number, the
        encoder's in ``_enc``.

        Args:
            predictions: Of `DeepSoloHead` in training.
            targets: Of `DeepSoloTargets`, stacked.
        """
        with full_precision(predictions["logits"]):
            given = {name: value.float() for name, value in predictions.items()}
            texts = texts_of(targets, given["text_logits"].shape[4] - 1)
            matches = assigned(self.costs(given, texts), texts.valid)
            queries, tokens = matches[:-1].transpose(0, 1), matches[-1]  # B, D, N; B, N
            count = mean_over_processes(texts.valid.sum().float()).clamp(min=1.0)
            left_out = self._left_out(given, targets) if self.ignored else None
            layers = layer_losses(given, texts, queries, count, left_out)
            encoder = self.encoder_losses(given, texts, tokens, count)
            return by_layer(layers, self.weights) | {
                name: self.weights[name] * value for name, value in encoder.items()
            }

    def costs(self, predictions: Mapping[str, Tensor], texts: Texts) -> list[Tensor]:
        """Return the costs (B, K, N) of each layer and those (B, S, N) of the encoder."""
        layers = range(predictions["logits"].shape[1])
        return [
            *(self.query_costs(predictions, texts, layer) for layer in layers),
            self.token_costs(predictions, texts),
        ]

    @torch.no_grad()
    def query_costs(self, predictions: Mapping[str, Tensor], texts: Texts, layer: int) -> Tensor:
        """Return the costs (B, K, N) of a layer."""
        logits, read, points = (
            predictions[name][:, layer] for name in ("logits", "text_logits", "points")
        )
        sure = focal_costs(logits).mean(dim=2, keepdim=True)
        away = torch.cdist(points.flatten(2), texts.points, p=1)
        blank = read.shape[3] - 1
        spelt = ctc_costs(read.log_softmax(3), texts.classes, texts.lengths, blank)
        spelt = spelt / texts.lengths.clamp(min=1).unsqueeze(1)
        spelt = spelt.masked_fill(texts.lengths.unsqueeze(1) == 0, 0.0)
        weights = self.weights
        return (
            weights["loss_ce"] * sure
            + weights["loss_ctrl_points"] * away
            + weights["loss_texts"] * spelt
        )

    @torch.no_grad()
    def token_costs(self, predictions: Mapping[str, Tensor], texts: Texts) -> Tensor:
        """Return the costs (B, S, N) of the tokens."""
        sure = focal_costs(predictions["enc_logits"]).unsqueeze(2)
        away = torch.cdist(
            self._curves(predictions["enc_beziers"].detach()), self._curves(texts.beziers), p=1
        )
        return self.weights["loss_ce_enc"] * sure + self.weights["loss_bezier_enc"] * away

    def encoder_losses(
        self, predictions: Mapping[str, Tensor], texts: Texts, tokens: Tensor, count: Tensor
    ) -> dict[str, Tensor]:
        """Return the losses of the encoder before they are weighed.

        Args:
            predictions: With ``enc_logits`` and ``enc_beziers``.
            texts: What is learnt.
            tokens: That the texts are given to, int64 (B, N); -1 for none.
            count: Of the texts, a scalar.
        """
        index, given = tokens.clamp(min=0), (tokens >= 0).float()
        own = gathered(predictions["enc_beziers"], index)
        away = (self._curves(own) - self._curves(texts.beziers)).abs().sum(dim=2)
        return {
            "loss_ce_enc": token_focal_loss(predictions["enc_logits"], index, given, count),
            "loss_bezier_enc": (away * given).sum() / count,
        }

    def _curves(self, beziers: Tensor) -> Tensor:
        return self.sampler(beziers.unflatten(2, (4, 2))).flatten(2)

    def _left_out(self, predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> Tensor:
        """Return which queries (B, D, K) have their centre in an ignored text."""
        mask = targets["matching_mask"]  # B, H, W
        centres = predictions["points"].detach().mean(dim=3)  # B, D, K, 2
        sizes = predictions["extents"].flip(1)[:, None, None]
        column, row = (centres * sizes).long().unbind(3)
        place = row.clamp(0, mask.shape[1] - 1) * mask.shape[2] + column.clamp(0, mask.shape[2] - 1)
        return mask.flatten(1).gather(1, place.flatten(1)).view_as(place) == 0


def layer_losses(
    predictions: Mapping[str, Tensor],
    texts: Texts,
    queries: Tensor,
    count: Tensor,
    left_out: Tensor | None = None,
) -> dict[str, Tensor]:
    """Return the losses (D,) of the layers before they are weighed.

    Args:
        predictions: ``logits``, ``text_logits``, ``points`` and ``boundary``, float32.
        texts: What is learnt.
        queries: That the texts are given to, int64 (B, D, N); -1 for none.
        count: Of the texts, a scalar.
        left_out: bool (B, D, K): which queries are no background either.
    """
    index, given = queries.clamp(min=0), (queries >= 0).float()
    matched = index, given, count
    return {
        "loss_ce": query_focal_losses(predictions["logits"], *matched, left_out),
        "loss_texts": _text_losses(predictions["text_logits"], texts, index, given),
        "loss_ctrl_points": distance_losses(predictions["points"], texts.points, *matched),
        "loss_bd_points": distance_losses(predictions["boundary"], texts.boundary, *matched),
    }


def _text_losses(logits: Tensor, texts: Texts, index: Tensor, given: Tensor) -> Tensor:
    """Return the mean loss of a readable text's characters in each layer, (D,)."""
    points, classes = logits.shape[3:]
    chosen = gathered(logits.flatten(3), index).unflatten(3, (points, classes))
    columns = chosen.log_softmax(4).flatten(0, 2).transpose(0, 1)  # P, B D N, V
    shape = index.shape
    lengths = texts.lengths.unsqueeze(1).expand(shape)
    spelt = texts.classes.unsqueeze(1).expand(*shape, -1)
    loss = ctc_loss(columns, spelt.flatten(0, 2), lengths.flatten(), classes - 1).view(shape)
    learnt = given * (lengths > 0)
    total = (loss / lengths.clamp(min=1) * learnt).sum(dim=(0, 2))
    return total / learnt.sum(dim=(0, 2)).clamp(min=1.0)
