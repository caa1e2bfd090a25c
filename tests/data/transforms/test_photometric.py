import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

from tcm.data.transforms import photometric
from tcm.data.transforms.geometric import FitInto
from tcm.data.transforms.photometric import ColorJitter
from tcm.data.transforms.warp import Warp
from tcm.errors import ConfigError
from tests.data.builders import sample


@pytest.mark.parametrize(
    ("name", "amount", "tolerance"),
    [
        ("brightness", 1.3, 1),
        ("brightness", 0.6, 1),
        ("contrast", 0.4, 2),
        ("contrast", 1.8, 2),
        ("saturation", 0.0, 1),
        ("saturation", 1.5, 1),
        ("hue", 0.1, 2),
        ("hue", -0.4, 2),
    ],
)
def test_operations_agree_with_torchvision(name: str, amount: float, tolerance: int) -> None:
    image = sample().image
    ours = getattr(photometric, f"adjust_{name}")(image, amount)
    planes = torch.from_numpy(image).permute(2, 0, 1).contiguous()
    theirs = getattr(functional, f"adjust_{name}")(planes, amount).permute(1, 2, 0).numpy()
    assert ours.dtype == np.uint8
    assert np.abs(ours.astype(int) - theirs).max() <= tolerance


def test_jitter_changes_colours_only_and_leaves_the_input_alone() -> None:
    start = sample()
    before = start.image.copy()
    out = ColorJitter(0.4, 0.4, 0.4, 0.1)(start, np.random.default_rng(0))
    assert out.image.shape == before.shape
    assert (out.image != before).any()
    np.testing.assert_array_equal(start.image, before)
    assert out.instances is start.instances


def test_padding_stays_zero() -> None:
    rng = np.random.default_rng(0)
    padded = Warp()(FitInto([64, 64])(sample(40, 20), rng), rng)
    out = ColorJitter(contrast=[0.3, 0.3])(padded, rng)
    assert (out.image[:, :32] != padded.image[:, :32]).any()
    assert (out.image[:, 32:] == 0).all()


def test_no_amount_means_no_change() -> None:
    start = sample()
    out = ColorJitter()(start, np.random.default_rng(0))
    np.testing.assert_array_equal(out.image, start.image)


def test_order_is_random() -> None:
    jitter = ColorJitter(brightness=[1.9, 1.9], contrast=[0.3, 0.3])
    images = [jitter(sample(), np.random.default_rng(seed)).image.tobytes() for seed in range(12)]
    assert len(set(images)) == 2


@pytest.mark.parametrize("arguments", [{"hue": 0.7}, {"brightness": [2, 1]}, {"contrast": [-1, 1]}])
def test_impossible_range_is_an_error(arguments: dict) -> None:
    with pytest.raises(ConfigError, match=next(iter(arguments))):
        ColorJitter(**arguments)
