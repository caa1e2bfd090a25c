"""The trunks of the CTC recogniser: what they make of a crop."""

import pytest
import timm
import torch

from tcm.errors import CheckpointError, ConfigError
from tcm.models.recognizers.ctc.residual import ResidualColumns
from tcm.models.recognizers.ctc.timm_columns import TimmColumns


@pytest.fixture(scope="module")
def lite():
    torch.manual_seed(0)
    return TimmColumns(None, "tf_efficientnet_lite0", stages=3).eval()


@pytest.mark.parametrize("height", [16, 24, 32])
def test_a_map_has_a_quarter_of_the_columns_and_the_rows_that_it_says(lite, height):
    for trunk in (lite, ResidualColumns([8, 12, 16], [0, 1, 0]).eval()):
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


@pytest.mark.parametrize(
    ("name", "stages", "text"),
    [("resnet18", 2, "kind of EfficientNet"), ("tf_efficientnet_lite0", 9, "has 7 stages")],
)
def test_what_is_no_such_network_is_named(name, stages, text):
    with pytest.raises(ConfigError, match=text):
        TimmColumns(None, name, stages)


def test_weights_are_those_of_the_file(tmp_path, lite):
    net = timm.create_model("tf_efficientnet_lite0")
    torch.save(net.state_dict(), tmp_path / "net.pth")
    trunk = TimmColumns(str(tmp_path / "net.pth"), stages=2)
    torch.testing.assert_close(trunk.layers[0].weight, net.conv_stem.weight)
    with pytest.raises(CheckpointError, match="pip install"):
        TimmColumns("pip:not-there-at-all")
