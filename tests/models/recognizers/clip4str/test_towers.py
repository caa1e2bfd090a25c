"""CLIP's encoders: open_clip's results, weights, frozen parts and sizes."""

import open_clip
import pytest
import torch

from tcm.errors import CheckpointError, ConfigError
from tcm.models.recognizers.clip4str.captions import Captioner
from tcm.models.recognizers.clip4str.towers import build_towers
from tcm.registry import MODELS
from tests.models.recognizers.clip4str.tiny import SIZE, TINY

B16 = "ViT-B-16-quickgelu"


@pytest.fixture(scope="module")
def towers():
    torch.manual_seed(0)
    return build_towers(None, B16, TINY["clip"]).eval()


@torch.no_grad()
def test_the_class_token_is_open_clip_s_image_embedding(towers):
    images = torch.randn(2, 3, *SIZE)
    memory = towers.image_memory(images)
    assert memory.shape == (2, 1 + 2 * 4, 16)
    torch.testing.assert_close(memory[:, 0], towers.encode_image(images), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_the_end_token_is_open_clip_s_text_embedding(towers):
    captioner = Captioner()
    words = ["chicken", "", "x9y7z"]
    ids = captioner.encode(words)
    memory = towers.text_memory(ids)
    assert memory.shape == (3, 16, 16)
    expected = towers.encode_text(open_clip.get_tokenizer(B16)(words))  # 77 tokens
    found = memory[torch.arange(3), ids.argmax(1)]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def build(name, **options):
    with torch.device("meta"):
        return MODELS.build({"type": "CLIP4STR", "pretrained": None, "clip_model": name, **options})


def counts(model):
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, t in sizes if t), sum(n for n, t in sizes if not t)


@pytest.mark.parametrize(
    ("name", "trainable", "frozen"),
    [
        ("ViT-B-16-quickgelu", 114_005_694, 44_250_625),
        ("ViT-L-14-quickgelu", 366_329_534, 80_531_713),
        ("ViT-H-14", 893_907_646, 126_249_985),
    ],
)
def test_parameters_to_the_unit(name, trainable, frozen):
    assert counts(build(name)) == (trainable, frozen)


def test_parameters_of_b_32_and_of_other_frozen_parts():
    found = [round(n / 1e6, 3) for n in counts(build("ViT-B-32-quickgelu"))]
    assert found == [115.662, 44.251]
    expected = {-1: 158.26, 0: 132.92, 3: 123.46, 6: 114.01, 9: 104.55, 12: 94.83}
    for text_layers, millions in expected.items():
        model = build(B16, text_freeze_nlayer=text_layers)
        assert round(counts(model)[0] / 1e6, 2) == millions
    for image_layers, millions in {3: 92.59, 6: 71.33, 9: 50.06, 12: 27.81}.items():
        model = build(B16, image_freeze_nlayer=image_layers)
        assert round(counts(model)[0] / 1e6, 2) == millions


def activation_and_heads(model):
    block = model.clip.visual.transformer.resblocks[0]
    return type(block.mlp.gelu).__name__, block.attn.num_heads


def test_activation_and_heads_are_those_of_the_weights_or_of_the_released_code():
    assert activation_and_heads(build(B16)) == ("QuickGELU", 12)
    assert activation_and_heads(build("ViT-H-14")) == ("GELU", 16)
    assert activation_and_heads(build("ViT-H-14", released_clip=True)) == ("QuickGELU", 20)
    text = build("ViT-H-14", released_clip=True).clip.transformer.resblocks[0]
    assert type(text.mlp.gelu).__name__ == "QuickGELU"
    assert text.attn.num_heads == 16


@pytest.mark.parametrize(
    ("name", "tag", "other"),
    [
        ("ViT-B-16", "openai", "ViT-B-16-quickgelu"),
        ("ViT-H-14", "dfn5b", "ViT-H-14-quickgelu"),
    ],
)
def test_weights_of_another_activation_are_refused(name, tag, other):
    with pytest.raises(ConfigError, match=f"'{tag}' were trained with QuickGELU; use '{other}'"):
        build_towers(tag, name)


def test_unknown_and_unfit_architectures_are_named():
    with pytest.raises(ConfigError, match="unknown name 'ViT-B-61'.*'ViT-B-16'"):
        build_towers(None, "ViT-B-61")
    with pytest.raises(ConfigError, match="'RN50' is no CLIP of two plain transformers"):
        build_towers(None, "RN50")
    with pytest.raises(CheckpointError, match="has no weights 'datacomp_xl_s13b_b90k'"):
        build_towers("datacomp_xl_s13b_b90k", B16, TINY["clip"])


def test_images_of_another_size_are_named(towers):
    with pytest.raises(ConfigError, match=r"images are \(16, 16\), .* is \(16, 32\)"):
        towers.image_memory(torch.zeros(1, 3, 16, 16))


def test_weights_come_from_a_file_and_positions_are_resampled(towers, tmp_path):
    file = tmp_path / "clip.pt"
    # OpenAI's files hold three numbers beside the parameters.
    numbers = {k: torch.tensor(1) for k in ("input_resolution", "context_length", "vocab_size")}
    square = {**TINY["clip"]["vision_cfg"], "image_size": 32}
    source = build_towers(None, B16, {**TINY["clip"], "vision_cfg": square})
    torch.save({**source.state_dict(), **numbers}, file)
    same = build_towers(str(file), B16, {**TINY["clip"], "vision_cfg": square})
    for name, value in source.state_dict().items():
        assert torch.equal(same.state_dict()[name], value), name
    other = build_towers(str(file), B16, TINY["clip"]).state_dict()
    positions = source.visual.positional_embedding
    assert other["visual.positional_embedding"].shape == (1 + 2 * 4, 16)
    assert torch.equal(other["visual.positional_embedding"][0], positions[0])
    assert torch.equal(other["visual.proj"], source.visual.proj)


def test_weights_that_do_not_fit_are_named(towers, tmp_path):
    file = tmp_path / "clip.pt"
    state = {k: v for k, v in towers.state_dict().items() if k != "ln_final.bias"}
    torch.save(state, file)
    with pytest.raises(CheckpointError, match="lacks 1 of .*'ln_final.bias'"):
        build_towers(str(file), B16, TINY["clip"])
