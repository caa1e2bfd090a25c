"""DeepSolo as a whole model, built from configs alone."""

import pytest
import torch

import tcm.models.necks.deformable_encoder  # noqa: F401  # it registers the neck
import tcm.models.necks.fpn  # noqa: F401
from tcm.errors import ConfigError
from tcm.models.detector import SIZES
from tcm.registry import MODELS
from tests.models.tiny import detector, targets

SIZE = (64, 96)
QUAD = [[[16, 16], [80, 16], [80, 48], [16, 48]]]


def images_of(count=2):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, *SIZE), dtype=torch.uint8, generator=generator)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return MODELS.build(detector("ResNet", "deepsolo"), "model").eval()


def test_images_of_other_sizes_do_not_change_one_another(model):
    images, sizes = images_of(), torch.tensor([[64, 96], [40, 60]])
    both = model.outputs(images, sizes)
    for i in range(2):
        alone = model.outputs(images[i : i + 1], sizes[i : i + 1])
        for name, value in alone.items():
            torch.testing.assert_close(both[name][i : i + 1], value, atol=1e-4, rtol=1e-4)


def test_places_are_shares_of_what_is_not_padding(model):
    whole, part = (model.outputs(images_of(1), size) for size in (None, torch.tensor([[40, 60]])))
    assert whole["extents"].tolist() == [[64, 96]] and part["extents"].tolist() == [[40, 60]]
    assert (whole["boundary"] - part["boundary"]).abs().max() > 1e-3


def test_what_a_neck_masks_the_targets_must_tell(model):
    maps = targets(QUAD, [False], *SIZE, "deepsolo")
    del maps[SIZES]
    with pytest.raises(ConfigError, match="DeformableEncoder wants targets with size_rows"):
        model.loss(images_of(), maps)


def test_targets_of_other_points_are_refused(model):
    head = MODELS.build(
        {**detector("ResNet", "deepsolo")["head"], "points": 6}, "head", in_channels=32
    )
    maps = targets(QUAD, [False], *SIZE, "deepsolo")
    with pytest.raises(ConfigError, match="DeepSoloTargets has points 5, model.head 6"):
        head.loss(head.predictions_of(maps), maps)


def test_a_charset_whose_last_class_is_no_blank_is_refused():
    config = {
        **detector("ResNet", "deepsolo")["head"],
        "charset": {"name": "digits10", "specials": "mmocr"},
    }
    with pytest.raises(ConfigError, match="model.head.charset: specials 'authors' is wanted"):
        MODELS.build(config, "head", in_channels=32)


def test_ideal_predictions_are_read():
    head = MODELS.build(detector("ResNet", "deepsolo")["head"], "head", in_channels=32)
    maps = targets(QUAD, [False], *SIZE, "deepsolo")
    maps["text_rows"][:, 0, :4] = torch.tensor([7, 7, 3, 11])
    found = head.decode(head.predictions_of(maps), [torch.eye(3).numpy()] * 2, [SIZE] * 2)
    assert [one.texts for one in found] == [["773"], ["773"]]


def test_an_image_with_fewer_tokens_than_queries_is_predicted():
    torch.manual_seed(0)
    config = detector("ResNet", "deepsolo")
    config["head"] = {**config["head"], "queries": 40}
    small = MODELS.build(config, "model").eval()
    found = small.outputs(images_of()[:, :, :32, :32])  # 16 + 4 + 1 + 1 tokens
    assert found["scores"].shape == (2, 40) and found["boundary"].isfinite().all()
