"""CLIP's pretraining: its loss, its labels, and what the backbones read of it."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import tcm
from tcm.cli import pack
from tcm.cli.configs import read_config
from tcm.engine.checkpoint import save_inference_checkpoint
from tcm.errors import ConfigError
from tcm.registry import DATASETS, MODELS

TRUNK = {"layers": [1, 1, 1, 1], "width": 4, "heads": 4, "output_dim": 16, "input_resolution": 64}
ENCODER = {"width": 16, "heads": 2, "layers": 1, "context_length": 12, "vocab_size": 514}
CONFIG = {"type": "CLIPPretraining", "trunk": TRUNK, "text_encoder": ENCODER, "words": [["exit"]]}


@pytest.fixture
def model():
    torch.manual_seed(0)
    return MODELS.build(CONFIG, "model").eval()


@pytest.fixture
def batch():
    torch.manual_seed(1)
    images = torch.randint(0, 256, (4, 3, 32, 64), dtype=torch.uint8)
    ids = torch.randint(1, 512, (4, 1, 12))
    ids[:, :, -1] = 513
    return images, {"caption_rows": ids}


def test_the_loss_is_the_cross_entropy_of_both_directions(model, batch):
    images, targets = batch
    with torch.no_grad():
        image = F.normalize(model.embed_images(images), dim=-1)
        text = F.normalize(model.embed_texts(targets["caption_rows"][:, 0]), dim=-1)
        logits = image @ text.T / 0.07
        own = torch.arange(4)
        wanted = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
        loss = model.loss(images, targets)
    torch.testing.assert_close(loss["loss_contrastive"], wanted)


def test_the_temperature_is_learnt_within_its_bounds(model, batch):
    with torch.no_grad():
        model.logit_scale.fill_(9.0)
    model.loss(*batch)["loss_contrastive"].backward()
    assert model.logit_scale.item() == pytest.approx(math.log(100))
    assert model.logit_scale.grad is not None and model.logit_scale.grad.abs() > 0


def test_an_image_has_all_labels_with_their_cosines(model, batch):
    images, _ = batch
    with torch.no_grad():
        cosine = model.embed_images(images) @ model.embed_texts(model.label_ids).T
    found = model.predict(images, [np.diag([2.0, 2.0, 1.0])] * 4, [(32, 64)] * 4)
    assert [one.texts for one in found] == [["text", "no text", "exit"]] * 4
    scores = np.stack([one.scores for one in found])
    np.testing.assert_allclose(scores, (1 + cosine.numpy()) / 2, atol=1e-6)
    np.testing.assert_allclose(found[0].polygons[2], [[0, 0], [32, 0], [32, 16], [0, 16]])


@pytest.mark.parametrize("backbone", ["FastTCM", "CLIPResNet"])
def test_backbones_begin_with_what_a_run_has_left(backbone, model, tmp_path):
    file = tmp_path / "inference.ckpt"
    save_inference_checkpoint(model, {"model": CONFIG}, file)
    config = {"type": backbone, "trunk": TRUNK, "pretrained": str(file)}
    if backbone == "FastTCM":
        config |= {"text_encoder": ENCODER, "matching": {"decoder": {"width": 16, "heads": 2}}}
    built = MODELS.build(config)
    assert torch.equal(built.trunk.layer4[0].conv1.weight, model.visual.layer4[0].conv1.weight)
    if backbone == "FastTCM":
        assert torch.equal(built.trunk.attnpool.q_proj.weight, model.visual.attnpool.q_proj.weight)
        own, pretrained = built.text_side.text_encoder, model.token_embedding.weight
        assert torch.equal(own.token_embedding.weight, pretrained)
        # "text" in letters: start, t, e, x, t at the end of the word, end
        ids = built.text_side.token_ids.tolist()
        assert ids == model.label_ids[:1, : len(ids[0])].tolist() and len(ids[0]) == 6


def test_a_pretraining_begins_with_another(model, tmp_path):
    file = tmp_path / "inference.ckpt"
    save_inference_checkpoint(model, {"model": CONFIG}, file)
    again = MODELS.build({**CONFIG, "pretrained": str(file)})
    for name in ("visual.conv1.weight", "token_embedding.weight", "text_projection"):
        assert torch.equal(again.state_dict()[name], model.state_dict()[name])


def test_a_packed_one_is_a_file_to_begin_with(model, tmp_path, capsys):
    file, folder = tmp_path / "inference.ckpt", tmp_path / "packed"
    save_inference_checkpoint(model, {"model": CONFIG, "data": {"val": {"pipeline": []}}}, file)
    assert pack.main([str(file), "--out", str(folder), "--no-graphs"]) == 0
    assert {path.name for path in folder.glob("[!.]*")} == {"README.md", "model.safetensors"}
    assert "clip of" in capsys.readouterr().out
    assert "pipeline_tag: zero-shot-image-classification" in (folder / "README.md").read_text()
    again = MODELS.build({**CONFIG, "pretrained": str(folder / "model.safetensors")})
    torch.testing.assert_close(
        again.visual.conv1.weight, model.visual.conv1.weight, rtol=1e-3, atol=1e-6
    )
    with pytest.raises(ConfigError, match="CLIPPretraining cannot be exported: .*--no-graphs"):
        pack.main([str(file), "--out", str(folder)])
    with pytest.raises(ConfigError, match="safetensors: a CLIPPretraining finds and reads nothing"):
        tcm.load(folder)


def test_the_one_that_ships_knows_text_from_no_text():
    config = read_config("clip/clip_rn-tiny_3000it_synthetic")
    model = MODELS.build({**config["model"], "pretrained": "tiny"}).eval()
    data = DATASETS.build(config["data"]["val"]["dataset"]["datasets"][0], "dataset")
    samples = [data.load(index) for index in range(40)]
    images = torch.stack([torch.from_numpy(s.image).permute(2, 0, 1) for s in samples])
    nearest = model.outputs(images)["cosine"][:, :2].argmax(1)
    empty = torch.tensor([len(sample.instances) == 0 for sample in samples])
    assert 5 < empty.sum() < 35
    assert (nearest == empty).float().mean() >= 0.9
