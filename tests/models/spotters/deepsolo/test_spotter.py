"""The whole network of the oracle: every step of the forward pass, losses and gradients."""

import pytest
import torch

from tcm.models.detection_transformer.matching import assigned
from tcm.models.detection_transformer.memory import paddings, token_places, valid_ratios
from tcm.models.detection_transformer.positions import place_code
from tcm.models.spotters.deepsolo.losses import texts_of
from tests.models.detection_transformer.oracle import Oracle, close
from tests.models.spotters.deepsolo.oracle import loaded, parameter, targets_of

OUTPUTS = {
    "pred_logits": "logits",
    "pred_text_logits": "text_logits",
    "pred_ctrl_points": "points",
    "pred_bd_points": "boundary",
}


@pytest.fixture(scope="module")
def oracle():
    return Oracle("spotter")


@pytest.fixture(scope="module")
def model(oracle):
    neck, head = loaded(oracle)
    return neck.train(), head.train()


def levels_of(oracle):
    height, width = oracle.config["batch"]
    used = [value for _, value in sorted(oracle.below("input/level").items())]
    return [torch.zeros(len(used[0]), 4, height // 4, width // 4), *used]


@pytest.fixture(scope="module")
def memory(oracle, model):
    return model[0](levels_of(oracle), oracle["input/sizes"])


@pytest.fixture(scope="module")
def predictions(memory, model):
    return model[1](memory)


def layers_of(oracle):
    """Return the names of the layers' outputs, the last one's at the end."""
    return [*(f"aux{i}/" for i in range(oracle.config["dec"] - 1)), ""]


def test_levels_masks_and_positions(oracle, model):
    neck, _ = model
    projected = neck.project(levels_of(oracle)[1:])
    sides = [tuple(level.shape[2:]) for level in projected]
    masks = paddings(oracle["input/sizes"], sides, oracle.config["strides"][:3])
    codes = neck.positions(masks).split([h * w for h, w in sides], dim=1)
    for i, (level, mask, code) in enumerate(zip(projected, masks, codes, strict=True)):
        close(level, oracle[f"between/projected{i}"])
        assert torch.equal(mask, oracle[f"between/mask{i}"])
        place = oracle[f"between/position{i}"].flatten(2).transpose(1, 2)
        close(code, place + neck.level_embed[i].detach())
    close(valid_ratios(masks), oracle["between/valid_ratios"])
    reference = token_places(masks).unsqueeze(2) * valid_ratios(masks).unsqueeze(1)
    close(reference, oracle["between/encoder_reference_points"])


def test_the_encoder(oracle, memory):
    close(memory.tokens, oracle["between/memory"])


def test_proposals(oracle, model, memory):
    head = model[1]
    found = head.propose(memory)
    points = head.sampler(found.best.unflatten(2, (4, 2)))
    assert torch.equal(found.chosen, oracle["between/topk"])
    close(points, oracle["between/init_reference"])
    close(found.logits.unsqueeze(2), oracle["output/enc/pred_logits"])
    close(found.shapes, oracle["output/enc/pred_beziers"])
    reference = points.unsqueeze(3) * memory.ratios[:, None, None]
    code = place_code(reference[..., 0, :], oracle.config["d_model"])
    close(code, oracle["between/query_position_0"])


def test_what_every_layer_says(oracle, predictions):
    for i, layer in enumerate(layers_of(oracle)):
        for theirs, ours in OUTPUTS.items():
            found = predictions[ours][:, i]
            wanted = oracle[f"output/{layer}{theirs}"]
            close(found.reshape(wanted.shape), wanted)


def test_the_last_layer_says_the_same_in_evaluation(oracle, model, memory):
    neck, head = model
    found = head.eval()(memory)
    head.train()
    for theirs, ours in OUTPUTS.items():
        wanted = oracle[f"output/{theirs}"]
        close(found[ours].reshape(wanted.shape), wanted)


def test_assignments(oracle, model, predictions):
    criterion = model[1].criterion
    batch = len(oracle["input/sizes"])
    targets = targets_of(oracle, batch)
    texts = texts_of(targets, predictions["text_logits"].shape[4] - 1)
    found = assigned(criterion.costs(predictions, texts), texts.valid)
    names = [*(f"aux{i}" for i in range(oracle.config["dec"] - 1)), "last", "enc"]
    for row, name in zip(found, names, strict=True):
        for i in range(batch):
            queries, order = oracle[f"match/{name}/{i}"]
            wanted = torch.full_like(row[i], -1)
            wanted[order] = queries
            assert torch.equal(row[i], wanted), (name, i)


def test_losses_and_gradients(oracle):
    neck, head = loaded(oracle)
    sizes = oracle["input/sizes"]
    targets = targets_of(oracle, len(sizes), sizes)
    losses = head.train().loss(head(neck.train()(levels_of(oracle), sizes)), targets)
    wanted = oracle.below("loss/")
    assert losses.keys() == wanted.keys()
    for name, value in wanted.items():
        close(losses[name], (value * oracle[f"weight/{name}"]).float(), rtol=1e-4)
    total = torch.stack(list(losses.values())).sum()
    close(total, oracle["loss_total"])
    total.backward()
    for name, norm in oracle.below("gradnorm/").items():
        close(parameter(neck, head, name).grad.norm(), norm, rtol=1e-3)
    for name, gradient in oracle.below("grad/").items():
        close(parameter(neck, head, name).grad, gradient)


def test_recomputed_layers_have_the_same_gradients(oracle):
    sizes = oracle["input/sizes"]
    gradients = []
    for checkpoint in (False, True):
        neck, _ = loaded(oracle)
        neck.checkpoint = checkpoint
        neck.train()(levels_of(oracle), sizes).tokens.square().sum().backward()
        gradients.append([p.grad for p in neck.parameters()])
    torch.testing.assert_close(*gradients)
