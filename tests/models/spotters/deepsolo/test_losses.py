"""Costs, assignments and each loss alone, as the reference has them, and what it cannot do."""

import pytest
import torch

from tcm.models.ctc_loss import ctc_costs, ctc_loss
from tcm.models.detection_transformer.matching import assigned
from tcm.models.spotters.deepsolo.losses import DeepSoloLoss, layer_losses, texts_of
from tests.models.detection_transformer.oracle import Oracle, close
from tests.models.spotters.deepsolo.oracle import targets_of

LOSSES = {
    "loss_ce": "logits",
    "loss_texts": "text_logits",
    "loss_ctrl_points": "points",
    "loss_bd_points": "boundary",
}


def predictions_of(oracle):
    """Return the predictions as if of one layer."""
    return {
        "logits": oracle["decoder/pred_logits"].squeeze(3).unsqueeze(1),
        "text_logits": oracle["decoder/pred_text_logits"].unsqueeze(1),
        "points": oracle["decoder/pred_ctrl_points"].unsqueeze(1),
        "boundary": oracle["decoder/pred_bd_points"].unsqueeze(1),
        "enc_logits": oracle["encoder/pred_logits"].squeeze(2),
        "enc_beziers": oracle["encoder/pred_beziers"],
    }


def texts_in(oracle):
    images = len(oracle["decoder/pred_logits"])
    return texts_of(targets_of(oracle, images), oracle.config["voc"])


@pytest.fixture(scope="module")
def matchers():
    return Oracle("matchers")


def criterion(oracle, weights=(1.0, 1.0, 1.0)):
    sure, point, text = weights
    return DeepSoloLoss(
        class_weight=sure, point_weight=point, text_weight=text,
        encoder_class_weight=sure, bezier_weight=point, samples=oracle.config["sample_points"],
    )  # fmt: skip


def weights_of(oracle, name):
    weights = oracle.config[name]
    return tuple(weights[f"{kind}_weight"] for kind in ("class", "coord", "text"))


def check(oracle, name, costs, valid):
    (found,) = assigned([costs], valid)
    for i in range(len(valid)):
        count = int(valid[i].sum())
        close(costs[i, :, :count], oracle[f"{name}/cost/{i}"])
        if f"{name}/match/{i}" in oracle.data.files:
            queries, order = oracle[f"{name}/match/{i}"]
            assert found[i][order].tolist() == queries.tolist()
            assert found[i][count:].tolist() == [-1] * (valid.shape[1] - count)


@pytest.mark.parametrize("name", ["class", "coord", "text"])
def test_each_cost(matchers, name):
    weights = [float(name == kind) for kind in ("class", "coord", "text")]
    texts = texts_in(matchers)
    loss, predictions = criterion(matchers, weights), predictions_of(matchers)
    costs = loss.query_costs(predictions, texts, 0)
    check(matchers, f"points_{name}_only", costs, texts.valid)
    if name != "text":
        check(matchers, f"bezier_{name}_only", loss.token_costs(predictions, texts), texts.valid)


@pytest.mark.parametrize(
    ("case", "weights"), [("points", "weights"), ("points_weights_of_50", "weights_of_50")]
)
def test_assignments_of_queries(matchers, case, weights):
    texts = texts_in(matchers)
    loss = criterion(matchers, weights_of(matchers, weights))
    check(matchers, case, loss.query_costs(predictions_of(matchers), texts, 0), texts.valid)


def test_assignments_of_tokens(matchers):
    texts = texts_in(matchers)
    loss = criterion(matchers)
    check(matchers, "bezier", loss.token_costs(predictions_of(matchers), texts), texts.valid)


def rows_of(oracle, name, valid):
    rows = torch.full(valid.shape, -1)
    for i in range(len(valid)):
        queries, order = oracle[f"match/{name}/{i}"]
        rows[i, order] = queries
    return rows


def test_each_loss_of_a_layer_and_its_gradient():
    oracle = Oracle("losses")
    texts, count = texts_in(oracle), torch.tensor(oracle.config["num_inst"])
    predictions = {k: v.requires_grad_() for k, v in predictions_of(oracle).items()}
    rows = rows_of(oracle, "decoder", texts.valid).unsqueeze(1)
    found = layer_losses(predictions, texts, rows, count)
    for theirs, ours in LOSSES.items():
        close(found[theirs][0], oracle[f"loss/decoder/{theirs}"])
        (gradient,) = torch.autograd.grad(found[theirs][0], predictions[ours], retain_graph=True)
        (wanted,) = oracle.below(f"grad/decoder/{theirs}/").values()
        close(gradient.reshape(wanted.shape), wanted)


def test_the_losses_of_the_encoder_and_their_gradients():
    oracle = Oracle("losses")
    texts, count = texts_in(oracle), torch.tensor(oracle.config["num_inst"])
    predictions = {k: v.requires_grad_() for k, v in predictions_of(oracle).items()}
    rows = rows_of(oracle, "encoder", texts.valid)
    found = criterion(oracle).encoder_losses(predictions, texts, rows, count)
    for theirs, ours in (("loss_ce", "enc_logits"), ("loss_bezier", "enc_beziers")):
        close(found[f"{theirs}_enc"], oracle[f"loss/encoder/{theirs}"])
        (gradient,) = torch.autograd.grad(found[f"{theirs}_enc"], predictions[ours])
        (wanted,) = oracle.below(f"grad/encoder/{theirs}/").values()
        close(gradient.reshape(wanted.shape), wanted)


def scene(lengths, queries=3, points=4, classes=5, tokens=6):
    """Return predictions and targets of an image whose texts have these lengths."""
    torch.manual_seed(0)
    rows = max(1, len(lengths))
    predictions = {
        "logits": torch.randn(1, 2, queries, points),
        "text_logits": torch.randn(1, 2, queries, points, classes),
        "points": torch.rand(1, 2, queries, points, 2),
        "boundary": torch.rand(1, 2, queries, points, 4),
        "enc_logits": torch.randn(1, tokens),
        "enc_beziers": torch.rand(1, tokens, 8),
        "extents": torch.tensor([[8, 16]]),
    }
    for value in predictions.values():
        value.requires_grad_(value.is_floating_point())
    blank = classes - 1
    texts = torch.zeros(1, rows, 6, dtype=torch.int64)
    for i, length in enumerate(lengths):
        texts[0, i] = blank
        texts[0, i, :length] = torch.arange(length) % 2
    valid = (torch.arange(rows) < len(lengths)).to(torch.uint8)[None]
    readable = valid * torch.tensor([[*(n > 0 for n in lengths), False][:rows]])
    targets = {
        "bezier_rows": torch.rand(1, rows, 8), "point_rows": torch.rand(1, rows, 2 * points),
        "boundary_rows": torch.rand(1, rows, 4 * points), "text_rows": texts,
        "valid_rows": valid, "readable_rows": readable,
        "matching_mask": torch.ones(1, 8, 16, dtype=torch.uint8),
    }  # fmt: skip
    return predictions, targets


CASES = {
    "no text": [],
    "an empty text": [0],
    "empty and not": [0, 2],
    "too long to be aligned": [6],
    "more texts than queries": [1, 2, 1, 2, 1],
    "more texts than tokens": [1] * 8,
}


@pytest.mark.parametrize("lengths", CASES.values(), ids=CASES)
def test_losses_are_finite_and_reach_every_prediction(lengths):
    predictions, targets = scene(lengths)
    losses = DeepSoloLoss()(predictions, targets)
    assert all(torch.isfinite(loss) for loss in losses.values())
    sum(losses.values()).backward()
    for name, value in predictions.items():
        if value.is_floating_point():
            assert torch.isfinite(value.grad).all(), name
    readable = [n for n in lengths if n and n <= 4]
    assert (losses["loss_texts"] > 0) == bool(readable)
    assert (losses["loss_ctrl_points"] > 0) == bool(lengths)


def test_of_more_texts_than_queries_every_query_learns_one():
    predictions, targets = scene([1, 2, 1, 2, 1])
    loss = DeepSoloLoss()
    texts = texts_of(targets, 4)
    for row in assigned(loss.costs(predictions, texts), texts.valid)[:-1]:
        assert sorted(row[0].tolist()) == [-1, -1, 0, 1, 2]


def test_queries_in_ignored_texts_are_no_background_by_option():
    predictions, targets = scene([])
    targets["matching_mask"][:] = 0
    plain = DeepSoloLoss()(predictions, targets)["loss_ce"]
    assert plain > 0
    assert DeepSoloLoss(ignored=True)(predictions, targets)["loss_ce"] == 0
    targets["matching_mask"][:] = 1
    torch.testing.assert_close(DeepSoloLoss(ignored=True)(predictions, targets)["loss_ce"], plain)


def test_what_is_no_number_shows_in_the_loss():
    predictions, targets = scene([2])
    with torch.no_grad():
        predictions["points"][:] = torch.nan
    losses = DeepSoloLoss()(predictions, targets)
    assert losses["loss_ctrl_points"].isnan() and losses["loss_ce"].isfinite()


def test_costs_of_texts_are_the_losses_of_ctc():
    torch.manual_seed(0)
    columns = torch.randn(2, 3, 5, 4).log_softmax(3)  # B, Q, T, K
    texts = torch.tensor([[[0, 0, 1], [2, 3, 3], [0, 0, 0]], [[3, 3, 3], [1, 2, 0], [2, 2, 3]]])
    lengths = torch.tensor([[3, 1, 3], [0, 3, 2]])
    costs = ctc_costs(columns, texts, lengths, 3)
    for image in range(2):
        for query in range(3):
            one = columns[image, query].unsqueeze(1).expand(-1, 3, -1)
            torch.testing.assert_close(
                costs[image, query], ctc_loss(one, texts[image], lengths[image], 3)
            )
