import torch
from torch import nn

from tcm.models.initialisation import init_kaiming


def test_convolutions_and_norms_start_as_dbnet_does():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(64, 64, 3), nn.BatchNorm2d(64), nn.ConvTranspose2d(64, 64, 2, stride=2)
    )
    init_kaiming(net)
    assert abs(net[0].weight.std() / (2 / (64 * 9)) ** 0.5 - 1) < 0.05
    assert abs(net[2].weight.std() / (2 / (64 * 4)) ** 0.5 - 1) < 0.05
    assert net[0].bias.abs().max() == 0
    assert (net[1].weight == 1).all()
    assert torch.allclose(net[1].bias, torch.tensor(1e-4))
