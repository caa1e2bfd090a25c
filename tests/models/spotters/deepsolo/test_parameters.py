"""How the parameters start, how many there are, and what the authors call them."""

import pytest
import torch

from tcm.models.necks.deformable_encoder import DeformableEncoder
from tcm.models.spotters.deepsolo.converters import rename
from tcm.models.spotters.deepsolo.head import DeepSoloHead
from tests.models.detection_transformer.oracle import Oracle
from tests.models.spotters.deepsolo.oracle import charset, parameter, parts_of


def test_what_starts_at_fixed_numbers():
    oracle = Oracle("initial_values")
    parts = parts_of(oracle.config)
    for name, value in oracle.below("param/").items():
        torch.testing.assert_close(parameter(*parts, name).detach(), value, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(("voc", "points", "count"), [(37, 25, 19_133_238), (96, 50, 19_788_401)])
def test_as_many_parameters_as_published(voc, points, count):
    with torch.device("meta"):
        neck = DeformableEncoder([256, 512, 1024, 2048])
        head = DeepSoloHead(neck.out_channels, charset(voc), points=points)
    parameters = [*neck.parameters(), *head.parameters()]
    assert sum(p.numel() for p in parameters) == count


def test_what_the_authors_store_once_more_has_no_name():
    again = (
        "ctrl_point_class.3.weight", "ctrl_point_coord.0.layers.1.bias",
        "transformer.decoder.ctrl_point_coord.2.layers.0.weight",
        "transformer.bezier_proposal_coord.layers.0.weight", "boundary_offset.5.layers.2.bias",
        "bezier_proposal_class.bias",
    )  # fmt: skip
    assert [name for name in again if rename(name) is not None] == []
