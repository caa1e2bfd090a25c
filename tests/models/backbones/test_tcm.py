"""TCM: text conditioned on the image, the score map behind the last level, weights from a file."""

import pytest
import torch

from tcm.clip.text import PromptedTextEncoder
from tcm.clip.visual import CLIPVisualTrunk
from tcm.errors import CheckpointError
from tcm.models.backbones.tcm import TCM
from tests.models.tiny import TRUNK, WIDTH, arguments

TINY = arguments("TCM")


def _images(batch=2):
    torch.manual_seed(1)
    return torch.randn(batch, 3, 64, 96)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return TCM(**TINY).eval()


@pytest.fixture
def clip_file(tmp_path):
    """A file of CLIP weights in OpenAI's form, and its content."""
    torch.manual_seed(7)
    trunk = CLIPVisualTrunk(**TRUNK)
    encoder = PromptedTextEncoder(**TINY["text_encoder"], embed_dim=TRUNK["output_dim"])
    state = {f"visual.{k}": v for k, v in trunk.state_dict().items()} | encoder.state_dict()
    torch.save(state, tmp_path / "clip.pt")
    return tmp_path / "clip.pt", state


def test_four_levels_of_the_declared_widths_and_a_score_map(model):
    with torch.inference_mode():
        features = model(_images())
    shapes = [tuple(level.shape) for level in features.levels]
    sizes = [(16, 24), (8, 12), (4, 6), (2, 3)]
    assert shapes == [(2, c, *s) for c, s in zip(model.out_channels, sizes, strict=True)]
    assert model.out_channels == [4 * WIDTH, 8 * WIDTH, 16 * WIDTH, 32 * WIDTH + 1]
    assert features.matching.cosine.shape == (2, 1, 2, 3)


def test_the_cosine_is_the_last_channel_and_the_logits_are_it_over_the_temperature(model):
    with torch.inference_mode():
        features = model(_images())
    cosine, logits = features.matching.cosine, features.matching.logits
    assert torch.equal(features.levels[3][:, -1:], cosine)
    assert cosine.abs().max() <= 1 + 1e-5
    torch.testing.assert_close(logits * 0.07, cosine)


def test_the_logits_can_be_put_behind_the_last_level():
    torch.manual_seed(0)
    model = TCM(**TINY, concat="logits").eval()
    with torch.inference_mode():
        features = model(_images())
    assert torch.equal(features.levels[3][:, -1:], features.matching.logits)


def test_the_text_depends_on_the_image(model):
    with torch.inference_mode():
        global_, _ = model.trunk.embed(model.trunk(_images())[3])
        text = model.embed_text(global_)
    assert text.shape == (2, 1, TRUNK["output_dim"])
    assert not torch.allclose(text[0], text[1], atol=1e-4)


def test_without_a_generated_prompt_it_does_not():
    torch.manual_seed(0)
    model = TCM(**TINY, generate_prompt=False).eval()
    with torch.inference_mode():
        assert model.embed_text(torch.randn(2, TRUNK["output_dim"])).shape[0] == 1
        assert model(_images()).matching.cosine.shape[0] == 2


def test_every_trainable_parameter_gets_a_gradient(model):
    sum(level.sum() for level in model.train()(_images()).levels).backward()
    assert not [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert not [n for n, p in model.named_parameters() if "text_encoder" in n and p.requires_grad]


def test_both_encoders_take_the_weights_of_a_file(clip_file):
    path, state = clip_file
    loaded = TCM(**{**TINY, "pretrained": str(path)})
    for name, value in loaded.trunk.state_dict().items():
        assert torch.equal(value, state[f"visual.{name}"]), name
    for name, value in loaded.text_side.text_encoder.state_dict().items():
        assert torch.equal(value, state[name]), name


def test_positions_of_the_text_encoder_are_cut_to_its_length(clip_file):
    path, state = clip_file
    encoder = {**TINY["text_encoder"], "context_length": 10}
    loaded = TCM(**{**TINY, "pretrained": str(path), "text_encoder": encoder})
    rows = loaded.text_side.text_encoder.positional_embedding
    assert torch.equal(rows, state["positional_embedding"][:10])


@pytest.mark.parametrize(
    ("lost", "part"),
    [("visual.layer1.0.conv1.weight", "image encoder"), ("ln_final.bias", "text encoder")],
)
def test_a_file_without_a_parameter_is_refused(clip_file, lost, part):
    path, state = clip_file
    torch.save({k: v for k, v in state.items() if k != lost}, path)
    with pytest.raises(CheckpointError) as error:
        TCM(**{**TINY, "pretrained": str(path)})
    for word in (str(path), part, lost.removeprefix("visual.")):
        assert word in str(error.value)


def test_a_file_of_another_width_is_refused(clip_file):
    path, _ = clip_file
    with pytest.raises(CheckpointError, match="of another shape, the first 'conv1.weight'"):
        TCM(**{**TINY, "pretrained": str(path), "trunk": {**TRUNK, "width": 16}})
