import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.necks.fpn import FPN
from tcm.registry import MODELS

WIDTHS = (4, 6, 8, 10)


def levels():
    return [torch.randn(2, width, 16 >> i, 24 >> i) for i, width in enumerate(WIDTHS)]


@pytest.mark.parametrize("start", [0, 1, 2])
def test_levels_keep_their_sizes_and_share_a_width(start):
    neck = MODELS.build(
        {"type": "FPN", "out_channels": 12, "start_level": start}, in_channels=WIDTHS
    )
    found = neck(levels())
    assert neck.out_channels == 12
    assert [tuple(f.shape) for f in found] == [(2, 12, 16 >> i, 24 >> i) for i in range(start, 4)]


def test_what_is_below_the_first_level_is_not_used():
    neck, given = FPN(WIDTHS, 8), levels()
    found = neck(given)
    changed = [torch.randn_like(given[0]), *given[1:]]
    assert all(torch.equal(a, b) for a, b in zip(found, neck(changed), strict=True))


def test_each_level_sees_those_above_and_none_below():
    neck, given = FPN(WIDTHS, 8), levels()
    found = neck(given)
    for i in (1, 2, 3):
        changed = list(given)
        changed[i] = torch.randn_like(given[i])
        same = [torch.equal(a, b) for a, b in zip(found, neck(changed), strict=True)]
        assert same == [level > i for level in (1, 2, 3)]


@pytest.mark.parametrize("start", [-1, 4])
def test_a_level_that_is_not_there_is_a_config_error(start):
    with pytest.raises(ConfigError, match="start_level"):
        FPN(WIDTHS, start_level=start)
