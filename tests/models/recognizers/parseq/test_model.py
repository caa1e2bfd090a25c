"""PARSeq against the reference's numbers, and its losses."""

import pytest
import torch
import torch.nn.functional as F

import tcm.models.recognizers.parseq.converters  # noqa: F401  # registers its name
from tcm.errors import ConfigError
from tcm.models.recognizers.parseq.model import PARSeq
from tcm.models.recognizers.parseq.permutation import permuted_batch, permuted_loss
from tcm.registry import CONVERTERS, MODELS
from tests.models.recognizers import oracles

TINY = {
    "type": "PARSeq",
    "img_size": [8, 32],
    "patch_size": [4, 8],
    "embed_dim": 32,
    "enc_depth": 1,
    "enc_num_heads": 2,
    "dec_num_heads": 4,
}


@pytest.fixture
def archive():
    return oracles.arrays("parseq")


@pytest.fixture
def loaded(archive):
    config = oracles.facts("parseq")["config"]
    model = PARSeq(
        img_size=config["img"],
        patch_size=config["patch"],
        embed_dim=config["D"],
        enc_depth=config["ed"],
        enc_num_heads=config["eh"],
        enc_mlp_ratio=config["er"],
        dec_depth=config["dec_depth"],
        dec_num_heads=config["dh"],
        dec_mlp_ratio=config["dr"],
        max_label_length=config["maxlen"],
    )
    rename = CONVERTERS.get("parseq")
    model.load_state_dict({rename(k): v for k, v in oracles.weights(archive).items()})
    return model.eval()


def close(found, expected):
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_memory(loaded, archive):
    close(loaded.encoder(archive["images"]), archive["memory"])


def test_every_way_of_reading(loaded, archive):
    images = oracles.restored(archive["images"], loaded)
    for case in oracles.facts("parseq")["inference"]:
        chosen = images if "image" not in case else images[case["image"] : case["image"] + 1]
        loaded.decode_ar, loaded.refine_iters = case["decode_ar"], case["refine_iters"]
        with torch.no_grad():
            logits = loaded(chosen, case["max_length"])
        read_on = case["max_length"] is not None or not case["decode_ar"] or case["refine_iters"]
        compare = close if read_on else oracles.close
        compare(logits, archive[f"{case['name']}/logits"])
        answers = loaded.decode(logits)
        assert [text for text, _ in answers] == case["strings"]
        if "confidence" in case:
            found = [confidence for _, confidence in answers]
            assert found == pytest.approx(case["confidence"], rel=1e-4)


def test_validation_loss(loaded, archive):
    case = oracles.facts("parseq")["validation"]
    images = oracles.restored(archive["images"], loaded)
    targets = loaded.tokenizer.encode(case["labels"])[:, 1:]
    with torch.no_grad():
        logits = loaded(images, targets.shape[1] - 1)
    close(logits, archive["validation/logits"])
    loss = F.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=loaded.tokenizer.pad_id
    )
    assert loss.item() == pytest.approx(case["loss"], rel=1e-5)
    assert (targets != loaded.tokenizer.pad_id).sum() == case["numel"]


def test_training_losses_logits_and_gradients(loaded, archive):
    images = oracles.restored(archive["images"], loaded)
    rename = CONVERTERS.get("parseq")
    for case in oracles.facts("parseq")["training"]:
        orders = torch.tensor(case["orders"])
        batch = permuted_batch(loaded.tokenizer.encode(case["labels"]), orders, loaded.tokenizer)
        logits = loaded.permuted_logits(images, batch)
        loss = permuted_loss(logits, batch, loaded.tokenizer)
        assert loss.item() == pytest.approx(case["loss"], rel=1e-5)
        by_order = logits.unflatten(0, (-1, len(orders)))
        targets = batch.targets.unflatten(0, (-1, len(orders)))
        for i, expected in enumerate(case["ce"]):
            part = F.cross_entropy(
                by_order[:, i].flatten(0, 1),
                targets[:, i].flatten(),
                ignore_index=loaded.tokenizer.pad_id,
            )
            assert part.item() == pytest.approx(expected, rel=1e-5)
            assert (targets[:, i] != loaded.tokenizer.pad_id).sum() == case["targets_counted"][i]
            if case["name"] == "main":
                close(by_order[:, i], archive[f"train/logits{i}"])
        if case["name"] == "main":
            loss.backward()
            names = {name: rename(name) for name in case["grad_norms"]}
            oracles.assert_gradients(loaded, names, case["grad_norms"], archive, "train/grad/")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_losses_and_gradients_are_finite(dtype):
    torch.manual_seed(0)
    model = MODELS.build(TINY).train()
    images = torch.randint(0, 256, (3, 3, 8, 32), dtype=torch.uint8)
    with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
        losses = model.loss(images, {"text_rows": oracles.rows(["word", "", "x"])})
    assert list(losses) == ["loss_text"]
    assert losses["loss_text"].dtype == torch.float32
    losses["loss_text"].backward()
    assert torch.isfinite(losses["loss_text"])
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_a_batch_of_empty_labels_teaches_the_end():
    model = MODELS.build(TINY)
    images = torch.zeros(2, 3, 8, 32)
    loss = model.loss(images, {"text_rows": oracles.rows(["", ""])})["loss_text"]
    loss.backward()
    assert torch.isfinite(loss)
    assert model.decoder.head.bias.grad[0] < 0


def test_a_decoder_of_another_width_gets_a_linear_layer():
    model = MODELS.build({**TINY, "dec_embed_dim": 16})
    assert model.bridge.weight.shape == (16, 32)
    assert model(torch.zeros(1, 3, 8, 32)).shape[0] == 1


def test_the_defaults_are_parseq_s():
    with torch.device("meta"):
        model = MODELS.build({"type": "PARSeq"})
    assert round(sum(p.numel() for p in model.parameters()) / 1e6, 3) == 23.833


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("dec_num_haeds", 4, "'dec_num_heads'"),
        ("img_size", [8], "model.img_size: a list of 2"),
        ("patch_size", [5, 8], "model.patch_size: patches of .* do not fill"),
        ("enc_num_heads", 5, "model.enc_num_heads: a divisor of the width 32 is wanted, got 5"),
        ("dec_num_heads", 5, "model.dec_num_heads: a divisor of the width 32 is wanted, got 5"),
        ("perm_num", 5, "model.perm_num: pairs need an even number, got 5"),
        ("refine_iters", -1, "model.refine_iters: .* at least 0 is wanted, got -1"),
        ("max_label_length", 0, "model.max_label_length: .* at least 1 is wanted, got 0"),
        ("charset", 93, "model.charset: no charset '93'"),
        (
            "normalisation",
            "imagenet",
            "model.normalisation: 'clip' or 'half' is wanted",
        ),
    ],
)
def test_mistakes_are_named(argument, value, message):
    with pytest.raises(ConfigError, match=message):
        MODELS.build({**TINY, argument: value}, "model")


def test_crops_of_another_size_are_refused():
    with pytest.raises(ConfigError, match=r"images are \(8, 30\), model.img_size is \(8, 32\)"):
        MODELS.build(TINY)(torch.zeros(1, 3, 8, 30))
