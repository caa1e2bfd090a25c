"""PARSeq against the reference's numbers, and its losses."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import tcm.models.recognizers.parseq.converters  # noqa: F401  # both register names
from tcm.errors import ConfigError
from tcm.models.recognizers.permuted import permuted_batch, permuted_loss
from tcm.registry import CONVERTERS, MODELS
from tests.models.recognizers import oracles

TINY = {
    "type": "PARSeq",
    "encoder": {"image_size": [8, 32], "patch_size": [4, 8], "width": 32, "layers": 1, "heads": 2},
    "decoder": {"heads": 4},
}


@pytest.fixture
def archive():
    return oracles.arrays("parseq")


@pytest.fixture
def loaded(archive):
    config = oracles.facts("parseq")["config"]
    model = MODELS.build(
        {
            "type": "PARSeq",
            "encoder": {
                "image_size": config["img"],
                "patch_size": config["patch"],
                "width": config["D"],
                "layers": config["ed"],
                "heads": config["eh"],
                "mlp_ratio": config["er"],
            },
            "decoder": {
                "heads": config["dh"],
                "mlp_ratio": config["dr"],
                "depth": config["dec_depth"],
            },
            "max_length": config["maxlen"],
        }
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
        loaded.decoding = type(loaded.decoding)(case["decode_ar"], case["refine_iters"])
        with torch.no_grad():
            logits = loaded(chosen, case["max_length"])
        close(logits, archive[f"{case['name']}/logits"])
        answers = loaded.decode(logits)
        assert [text for text, _ in answers] == case["strings"]
        if "confidence" in case:
            found = [confidence for _, confidence in answers]
            assert found == pytest.approx(case["confidence"], rel=1e-4)


def test_validation_loss(loaded, archive):
    case = oracles.facts("parseq")["validation"]
    images = oracles.restored(archive["images"], loaded)
    targets = loaded.tokens.encode(case["labels"])[:, 1:]
    with torch.no_grad():
        logits = loaded(images, targets.shape[1] - 1)
    close(logits, archive["validation/logits"])
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=loaded.tokens.pad)
    assert loss.item() == pytest.approx(case["loss"], rel=1e-5)
    assert (targets != loaded.tokens.pad).sum() == case["numel"]


def test_training_losses_logits_and_gradients(loaded, archive):
    images = oracles.restored(archive["images"], loaded)
    rename = CONVERTERS.get("parseq")
    for case in oracles.facts("parseq")["training"]:
        orders = torch.tensor(case["orders"])
        batch = permuted_batch(loaded.tokens.encode(case["labels"]), orders, loaded.tokens)
        logits = loaded.permuted_logits(images, batch)
        loss = permuted_loss(logits, batch, loaded.tokens)
        assert loss.item() == pytest.approx(case["loss"], rel=1e-5)
        by_order = logits.unflatten(0, (-1, len(orders)))
        targets = batch.targets.unflatten(0, (-1, len(orders)))
        for i, expected in enumerate(case["ce"]):
            part = F.cross_entropy(
                by_order[:, i].flatten(0, 1),
                targets[:, i].flatten(),
                ignore_index=loaded.tokens.pad,
            )
            assert part.item() == pytest.approx(expected, rel=1e-5)
            assert (targets[:, i] != loaded.tokens.pad).sum() == case["targets_counted"][i]
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


def test_predictions_carry_text_confidence_and_the_crop_s_outline():
    torch.manual_seed(0)
    model = MODELS.build(TINY).eval()
    images = torch.randint(0, 256, (2, 3, 8, 32), dtype=torch.uint8)
    matrix = np.diag([0.5, 0.25, 1.0])
    first, second = model.predict(images, [np.eye(3), matrix], [(8, 32), (8, 30)])
    text, confidence = model.decode(model(images))[1]
    assert second.texts == [text]
    assert second.scores == pytest.approx([confidence])
    assert first.polygons[0].tolist() == [[0, 0], [32, 0], [32, 8], [0, 8]]
    assert second.polygons[0].tolist() == [[0, 0], [60, 0], [60, 32], [0, 32]]


def test_a_decoder_of_another_width_gets_a_linear_layer():
    model = MODELS.build({**TINY, "decoder": {"heads": 4, "width": 16}})
    assert model.bridge.weight.shape == (16, 32)
    assert model(torch.zeros(1, 3, 8, 32)).shape[0] == 1


def test_the_defaults_are_parseq_s():
    with torch.device("meta"):
        model = MODELS.build({"type": "PARSeq"})
    assert round(sum(p.numel() for p in model.parameters()) / 1e6, 3) == 23.833


def test_mistakes_are_named():
    with pytest.raises(ConfigError, match="model.decoder.haeds.*'heads'"):
        MODELS.build({**TINY, "decoder": {"haeds": 4}})
    with pytest.raises(ConfigError, match="model.decoder.tokens: is not for the config"):
        MODELS.build({**TINY, "decoder": {"tokens": 4}})
    with pytest.raises(ConfigError, match="patches of .* do not fill"):
        MODELS.build({**TINY, "encoder": {"patch_size": [5, 8]}})
    with pytest.raises(ConfigError, match=r"images are \(8, 30\)"):
        MODELS.build(TINY)(torch.zeros(1, 3, 8, 30))
    with pytest.raises(ConfigError, match="unknown name 'imagenet'"):
        MODELS.build({**TINY, "normalisation": "imagenet"})
