"""CLIP as we use it equals open_clip's, on random weights in OpenAI's form."""

import open_clip
import pytest
import torch
from open_clip.model import CLIP

from tcm.clip.text import PromptedTextEncoder, tokenize
from tcm.clip.visual import CLIPVisualTrunk
from tcm.clip.weights import load_text, load_visual, read_clip_state
from tcm.errors import CheckpointError


class _Scripted(torch.nn.Module):
    """Carries a state dict through TorchScript, as OpenAI's archive does."""

    def __init__(self, state):
        super().__init__()
        for name, value in state.items():
            node = self
            *parents, last = name.split(".")
            for part in parents:
                if not hasattr(node, part):
                    setattr(node, part, torch.nn.Module())
                node = getattr(node, part)
            node.register_buffer(last, value)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the input; only the state matters."""
        return x


@pytest.fixture(scope="module")
def clip():
    """CLIP RN50 with random weights that make positions, norms and residual branches matter."""
    torch.manual_seed(0)
    vision = {"layers": [1, 1, 1, 1], "width": 64, "image_size": 224}
    text = {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2}
    model = CLIP(
        1024, open_clip.CLIPVisionCfg(**vision), open_clip.CLIPTextCfg(**text), quick_gelu=True
    )
    for name, parameter in model.named_parameters():
        if "bn" in name or "ln_" in name or "positional" in name:
            torch.nn.init.normal_(parameter, 0.5, 0.3)
    for name, buffer in model.named_buffers():
        if "running" in name:
            buffer.uniform_(0.5, 1.5)
    return model.eval()


def _files(clip, folder):
    state = clip.state_dict()
    torch.save(state, folder / "state.pt")
    torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}}, folder / "wrapped.pth")
    from safetensors.torch import save_file

    save_file({k: v.clone() for k, v in state.items()}, folder / "tensors.safetensors")
    torch.jit.save(torch.jit.script(_Scripted(state)), folder / "RN50.pt")
    return ["RN50.pt", "state.pt", "wrapped.pth", "tensors.safetensors"]


def test_embeddings_equal_open_clip_from_every_kind_of_file(clip, tmp_path):
    torch.manual_seed(1)
    images = torch.randn(2, 3, 224, 224)
    texts = ["Text", "a scene text reader, 1984!"]
    with torch.no_grad():
        image_expected = clip.encode_image(images)
        text_expected = clip.encode_text(open_clip.tokenize(texts))
    for name in _files(clip, tmp_path):
        state = read_clip_state(str(tmp_path / name))
        trunk = CLIPVisualTrunk(layers=[1, 1, 1, 1]).eval()
        encoder = PromptedTextEncoder(77, 49408, 64, 2, 2, 1024).eval()
        load_visual(trunk, state, name)
        load_text(encoder, state, name)
        with torch.no_grad():
            global_, dense = trunk.embed(trunk(images)[3])
            text = encoder(tokenize(texts))[0]
        assert (global_ - image_expected).abs().max() < 1e-4
        assert (text - text_expected).abs().max() < 1e-4
        assert dense.shape == (2, 1024, 7, 7)


def test_tokenizer_gives_openais_ids():
    assert tokenize(["Text"]).tolist() == [[49406, 4160, 49407]]
    sentence = tokenize(["the pixels of many arbitrary-shape text instances."], 14)
    assert sentence.tolist() == [
        [49406, 518, 34099, 539, 1346, 22702, 856, 268, 6448, 4160, 1264, 3515, 269, 49407]
    ]


def test_padding_of_the_prompt_does_not_change_the_embedding(clip):
    encoder = PromptedTextEncoder(77, 49408, 64, 2, 2, 1024).eval()
    contexts = torch.randn(1, 4, 64)
    with torch.no_grad():
        short = encoder(tokenize(["Text"]), contexts)
        padded = encoder(tokenize(["Text"], 14), contexts)
    assert torch.allclose(short, padded, atol=1e-6)


def test_wrong_files_are_named(tmp_path, clip):
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pt")
    (tmp_path / "broken.pt").write_bytes(b"not weights")
    trunk = CLIPVisualTrunk(layers=[1, 1, 1, 1])
    with pytest.raises(CheckpointError, match="lacks .* entries, the first 'conv1.weight'"):
        load_visual(trunk, read_clip_state(str(tmp_path / "other.pt")), "other.pt")
    with pytest.raises(CheckpointError, match=r"broken\.pt: no weights file"):
        read_clip_state(str(tmp_path / "broken.pt"))
    with pytest.raises(CheckpointError, match=r"missing\.pt does not exist"):
        read_clip_state(str(tmp_path / "missing.pt"))
    with pytest.raises(CheckpointError, match="did you mean 'openai'"):
        read_clip_state("openia")
