"""The whole network of the oracle: forward pass, assignments, losses and gradients."""

import pytest
import torch

from tcm.models.detection_transformer.matching import assigned
from tcm.models.necks.deformable_encoder import DeformableEncoder
from tcm.models.spotters.testr.converters import PREFIX, rename
from tcm.models.spotters.testr.head import TESTRHead
from tests.models.detection_transformer.oracle import Oracle, close
from tests.models.spotters.deepsolo.oracle import charset
from tests.models.spotters.deepsolo.test_spotter import layers_of, levels_of

OUTPUTS = {"pred_logits": "logits", "pred_ctrl_points": "points", "pred_texts": "text_logits"}
KEYS = {"boxes": "box_rows", "ctrl_points": "point_rows", "texts": "text_rows"}


@pytest.fixture(scope="module")
def oracle():
    return Oracle("testr_spotter")


def loaded(oracle):
    """Return neck and head with the parameters of the oracle, all of them, without dropout."""
    config, weights = oracle.config, oracle.config["loss_weights"]
    size = {"layers": config["enc"], "heads": config["heads"], "points": config["enc_pts"]}
    neck = DeformableEncoder([4, *config["channels"]], config["d_model"], ffn=config["ffn"], **size)
    transformer = {
        "type": "BoxDecoder", "layers": config["dec"], "heads": config["heads"],
        "samples": config["dec_pts"], "ffn": config["ffn"], "dropout": 0.0,
    }  # fmt: skip
    loss = {
        "type": "TESTRLoss",
        "class_weight": weights["POINT_CLASS_WEIGHT"],
        "point_weight": weights["POINT_COORD_WEIGHT"],
        "text_weight": weights["POINT_TEXT_WEIGHT"],
        "encoder_class_weight": weights["BOX_CLASS_WEIGHT"],
        "box_weight": weights["BOX_COORD_WEIGHT"],
        "giou_weight": weights["BOX_GIOU_WEIGHT"],
    }
    head = TESTRHead(
        config["d_model"], charset(config["voc"]), config["queries"],
        "polygon" if config["polygon"] else "bezier", config["ctrl"], config["chars"],
        transformer, loss,
    )  # fmt: skip
    ours = {rename(name): value for name, value in oracle.below("param/").items()}
    assert all(ours)
    for prefix, part in (("neck.", neck), ("head.", head)):
        state = {k.removeprefix(prefix): v for k, v in ours.items() if k.startswith(prefix)}
        part.load_state_dict(state)
    return neck.train(), head.train()


def targets_of(oracle):
    images = len(oracle["input/sizes"])
    counts = [len(oracle[f"target/{i}/labels"]) for i in range(images)]
    rows = max(1, *counts)
    found = {}
    for theirs, ours in KEYS.items():
        tables = [oracle[f"target/{i}/{theirs}"].flatten(1) for i in range(images)]
        found[ours] = torch.zeros(images, rows, tables[0].shape[1], dtype=tables[0].dtype)
        for i, table in enumerate(tables):
            found[ours][i, : len(table)] = table
    found["text_rows"] = found["text_rows"].long()
    valid = torch.arange(rows) < torch.tensor(counts)[:, None]
    found["valid_rows"] = found["readable_rows"] = valid.to(torch.uint8)
    return found


def test_outputs_assignments_losses_and_gradients(oracle):
    neck, head = loaded(oracle)
    memory = neck(levels_of(oracle), oracle["input/sizes"])
    close(memory.tokens, oracle["between/memory"])
    proposals = head.propose(memory)
    assert torch.equal(proposals.chosen, oracle["between/topk"])
    close(proposals.best, oracle["between/init_reference"])
    close(head.transformer.slots(proposals.best), oracle["between/text_position"])
    predictions = head(memory)
    for i, layer in enumerate(layers_of(oracle)):
        for theirs, ours in OUTPUTS.items():
            wanted = oracle[f"output/{layer}{theirs}"]
            close(predictions[ours][:, i].reshape(wanted.shape), wanted)
    close(predictions["enc_logits"].unsqueeze(2), oracle["output/enc/pred_logits"])
    close(predictions["enc_boxes"], oracle["output/enc/pred_boxes"])
    targets = targets_of(oracle)
    found = assigned(head.criterion.costs(predictions, targets), targets["valid_rows"])
    names = [*(f"aux{i}" for i in range(oracle.config["dec"] - 1)), "last", "enc"]
    for row, name in zip(found, names, strict=True):
        for i in range(len(row)):
            queries, order = oracle[f"match/{name}/{i}"]
            wanted = torch.full_like(row[i], -1)
            wanted[order] = queries
            assert torch.equal(row[i], wanted), (name, i)
    losses = head.loss(predictions, targets)
    wanted = oracle.below("loss/")
    assert losses.keys() == wanted.keys()
    for name, value in wanted.items():
        close(losses[name], (value * oracle[f"weight/{name}"]).float())
    total = torch.stack(list(losses.values())).sum()
    close(total, oracle["loss_total"])
    total.backward()
    for name, norm in oracle.below("gradnorm/").items():
        part, _, own = rename(name.removeprefix(PREFIX)).partition(".")
        parameter = {"neck": neck, "head": head}[part].get_parameter(own)
        close(parameter.grad.norm(), norm, rtol=1e-3)


def test_as_many_parameters_as_published():
    with torch.device("meta"):
        neck = DeformableEncoder([256, 512, 1024, 2048])
        head = TESTRHead(neck.out_channels, charset(96))
    assert sum(p.numel() for p in [*neck.parameters(), *head.parameters()]) == 26_025_321
