"""How the convolutional necks and heads start."""

from torch import nn


def init_kaiming(module: nn.Module) -> None:
    """Initialise a neck or head in place, as DBNet does.

    Convolutions, transposed ones included, get Kaiming normal weights and zero biases; batch norms
    weight 1 and bias 1e-4.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.ones_(layer.weight)
            nn.init.constant_(layer.bias, 1e-4)
