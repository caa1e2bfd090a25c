"""The trunk of the CTC recogniser: what it makes of a crop."""

import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.recognizers.ctc.residual import ResidualColumns


@pytest.mark.parametrize("height", [16, 24, 32])
def test_a_map_has_a_quarter_of_the_columns_and_the_rows_that_it_says(height):
    trunk = ResidualColumns([8, 12, 16], [0, 1, 0]).eval()
    found = trunk(torch.zeros(1, 3, height, 40))
    assert found.shape == (1, trunk.out_channels, trunk.out_height(height), 10)


def test_a_residual_block_begins_as_the_identity():
    torch.manual_seed(0)
    block = ResidualColumns([8], [1]).layers[-1]
    image = torch.rand(1, 8, 4, 4)
    torch.testing.assert_close(block(image), image)


def test_a_width_for_each_depth_is_wanted():
    with pytest.raises(ConfigError, match="2 widths and 1 depths"):
        ResidualColumns([8, 8], [1])
