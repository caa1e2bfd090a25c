"""FastTCM: the text side is one constant outside training, and trains as it should."""

import copy

import pytest
import torch

from tcm.models.backbones.fasttcm import FastTCM
from tcm.models.backbones.tcm import TCM

TINY = {
    "pretrained": None,
    "trunk": {"layers": [1, 1, 1, 1], "width": 8, "heads": 4, "output_dim": 32},
    "text_encoder": {"width": 16, "heads": 2, "layers": 2},
    "matching": {"decoder": {"width": 16, "heads": 2, "layers": 2}},
}


def _images(batch=2):
    torch.manual_seed(1)
    return torch.randn(batch, 3, 64, 96)


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = FastTCM(**TINY)
    with torch.no_grad():  # make the small residual branches visible
        model.matching.gamma.fill_(0.5)
        model.matching.vis_gamma.fill_(0.5)
    return model


def test_a_changed_prompt_changes_the_output_at_once_in_either_mode(model):
    """Lightning sets the flag `training` without a call of `train()`."""
    model.eval()
    with torch.inference_mode():
        before = model(_images()).matching.cosine
    with torch.no_grad():
        model.text_side.contexts.add_(1.0)
    with torch.inference_mode():
        assert not torch.equal(before, model(_images()).matching.cosine)


def test_deployed_the_output_is_the_same_and_the_text_side_is_gone(model):
    model.eval()
    with torch.inference_mode():
        expected = model(_images()).levels[3]
    side = sum(p.numel() for p in model.text_side.parameters())
    before = sum(p.numel() for p in model.parameters())
    model.deploy()
    with torch.inference_mode():
        got = model(_images()).levels[3]
    assert torch.equal(got, expected)
    assert before - sum(p.numel() for p in model.parameters()) == side
    assert not [name for name in model.state_dict() if "text_side" in name]


def test_deployed_features_have_gradients_and_deploying_twice_changes_nothing(model):
    model.eval()
    with torch.inference_mode():
        model.deploy()
    constant = model.text_constant.clone()
    model.deploy()
    assert torch.equal(model.text_constant, constant)
    model(_images()).matching.cosine.sum().backward()
    assert model.matching.gamma.grad.abs().sum() > 0


def test_the_full_models_text_encoder_has_64_million_parameters():
    with torch.device("meta"):
        encoder = TCM(pretrained=None, text_encoder={"context_length": 18}).text_side.text_encoder
    assert sum(p.numel() for p in encoder.parameters()) == 63_660_032


def test_five_steps_move_the_prompts_and_leave_the_text_encoder_as_it_is(model):
    model.train()
    start = copy.deepcopy(model.state_dict())
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trainable, 1e-2, weight_decay=1e-4)
    for _ in range(5):
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(
            model(_images()).matching.logits, torch.ones(2, 1, 2, 3)
        ).backward()
        optimizer.step()
    moved = {n for n, t in model.state_dict().items() if not torch.equal(t, start[n])}
    assert not [name for name in moved if "text_encoder" in name]
    for part in ("text_side.contexts", "text_side.meta_query", "matching.gamma"):
        assert part in moved
    for part in ("text_side.prompt_generator", "matching.visual_prompt_generator", "trunk"):
        assert any(name.startswith(part) for name in moved), part


def test_every_trainable_parameter_gets_a_gradient(model):
    """Distributed training waits for all of them."""
    features = model.train()(_images())
    sum(level.sum() for level in features.levels).backward()
    assert not [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]


def test_text_embedding_does_not_depend_on_the_image_but_the_map_does(model):
    model.eval()
    images = _images()
    with torch.inference_mode():
        one, two = model(images[:1]), model(images[1:])
    assert not torch.allclose(one.matching.cosine, two.matching.cosine)
    assert model.text_embedding().shape == (1, 1, 32)


@pytest.mark.parametrize("cls", [FastTCM, TCM])
def test_images_of_a_batch_do_not_influence_one_another(cls):
    torch.manual_seed(0)
    model = cls(**TINY).eval()
    images = _images(3)
    with torch.inference_mode():
        together = model(images).levels[3]
        alone = torch.cat([model(image[None]).levels[3] for image in images])
    assert torch.allclose(together, alone, atol=1e-5)


def test_several_classes_widen_the_last_level():
    model = FastTCM(**TINY, prompts=["Text", "a tree"]).eval()
    with torch.inference_mode():
        features = model(_images())
    assert features.matching.cosine.shape == (2, 2, 2, 3)
    assert features.levels[3].shape[1] == model.out_channels[3] == 8 * 32 + 2


def test_released_bsm_starts_as_the_normalised_paper_formula():
    from tcm.models.prompting.bsm import BimodalSimilarityMatching

    torch.manual_seed(0)
    image, text = torch.randn(2, 8), torch.randn(1, 3, 8)
    paper, released = BimodalSimilarityMatching(8), BimodalSimilarityMatching(8, "released")
    g, t = torch.nn.functional.normalize(image, dim=1), torch.nn.functional.normalize(text, dim=2)
    assert torch.allclose(released(image, text), paper(g, t), atol=1e-6)
    cosine = (image[1] @ text[0, 2]) / (image[1].norm() * text[0, 2].norm())
    assert torch.allclose(paper(image, text)[1, 2], cosine * image[1] + text[0, 2], atol=1e-6)
