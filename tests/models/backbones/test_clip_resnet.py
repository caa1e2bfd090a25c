"""CLIP's trunk as a plain backbone."""

import pytest
import torch

from tcm.clip.visual import CLIPVisualTrunk
from tcm.errors import CheckpointError
from tcm.models.backbones.clip_resnet import CLIPResNet
from tests.models.tiny import TRUNK, WIDTH


def _images():
    torch.manual_seed(1)
    return torch.randn(2, 3, 64, 96)


@pytest.fixture
def clip_file(tmp_path):
    """A file of CLIP weights in OpenAI's form, text and attention pool included, and its trunk."""
    torch.manual_seed(7)
    trunk = CLIPVisualTrunk(**TRUNK)
    state = {f"visual.{k}": v for k, v in trunk.state_dict().items()}
    torch.save(state | {"ln_final.bias": torch.zeros(1)}, tmp_path / "clip.pt")
    return str(tmp_path / "clip.pt"), trunk.eval()


def test_four_levels_of_the_declared_widths_and_no_score_map():
    model = CLIPResNet(None, trunk=TRUNK).eval()
    with torch.inference_mode():
        features = model(_images())
    shapes = [tuple(level.shape) for level in features.levels]
    sizes = [(16, 24), (8, 12), (4, 6), (2, 3)]
    assert shapes == [(2, c, *s) for c, s in zip(model.out_channels, sizes, strict=True)]
    assert model.out_channels == [4 * WIDTH, 8 * WIDTH, 16 * WIDTH, 32 * WIDTH]
    assert features.matching is None


def test_it_has_no_attention_pool_and_leaves_its_arguments_alone():
    arguments = dict(TRUNK)
    model = CLIPResNet(None, trunk=arguments)
    assert not [name for name, _ in model.named_parameters() if "attnpool" in name]
    assert arguments == TRUNK


def test_levels_are_those_of_the_whole_image_encoder(clip_file):
    path, trunk = clip_file
    model = CLIPResNet(path, trunk=TRUNK).eval()
    with torch.inference_mode():
        expected = trunk(_images())
        for level, wanted in zip(model(_images()).levels, expected, strict=True):
            assert torch.equal(level, wanted)


def test_every_parameter_gets_a_gradient():
    model = CLIPResNet(None, trunk=TRUNK)
    sum(level.sum() for level in model(_images()).levels).backward()
    assert not [name for name, p in model.named_parameters() if p.grad is None]


def test_wrong_weights_are_named(clip_file, tmp_path):
    path, _ = clip_file
    with pytest.raises(CheckpointError, match=r"clip\.pt, image encoder: does not fit"):
        CLIPResNet(path, trunk={**TRUNK, "layers": [1, 2, 1, 1]})
    with pytest.raises(CheckpointError, match=r"none\.pt does not exist"):
        CLIPResNet(str(tmp_path / "none.pt"), trunk=TRUNK)
    with pytest.raises(CheckpointError, match="has no weights 'openia'; did you mean 'openai'"):
        CLIPResNet("openia", trunk=TRUNK)
