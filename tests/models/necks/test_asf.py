import torch

from tcm.models.necks.asf import AdaptiveScaleFusion


def test_each_level_is_multiplied_by_its_own_weight():
    torch.manual_seed(0)
    fusion = AdaptiveScaleFusion(32)
    concatenated = torch.randn(2, 32, 8, 12)
    weights = fusion.attention(concatenated)
    assert weights.shape == (2, 4, 8, 12)
    found = fusion(concatenated)
    for i in range(4):
        part = slice(8 * i, 8 * i + 8)
        wanted = concatenated[:, part] * weights[:, i : i + 1]
        torch.testing.assert_close(found[:, part], wanted)


def test_the_weights_lie_in_0_1_and_vary_over_the_image():
    torch.manual_seed(0)
    weights = AdaptiveScaleFusion(32).attention(torch.randn(1, 32, 8, 8))
    assert ((weights > 0) & (weights < 1)).all()
    assert weights.std(dim=(2, 3)).min() > 0
