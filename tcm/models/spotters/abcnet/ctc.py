"""ABCNet's CTC recognizer, the light one of the authors' code (Liu et al., CVPR 2020, table 1).

Shapes: R regions, C channels, h and w the sides of a pooled region, T characters, K classes.
"""

from math import log2

import torch
from torch import Tensor, nn

from tcm.charset import Charset, CharsetConfig
from tcm.errors import ConfigError
from tcm.models.ctc_loss import ctc_loss
from tcm.models.losses import full_precision
from tcm.models.spotters.abcnet.layers import BiLSTM, conv_block, idle_loss, recognition_tower
from tcm.registry import MODELS
from tcm.values import Positive

_LAST_HEIGHT = 4  # rows that the last convolution takes at once


@MODELS.register()
class CTCRecognizer(nn.Module):
    """Read pooled texts column by column; the padding of the character set is the blank.

    Args:
        in_channels: C.
        charset: As `Charset.build` takes it.
        length: T.
        height: h of the pooled texts; a power of two, at least 4.
        hidden: Width of each direction of the LSTM.
        loss_weight: Factor of the loss; 0.05 in the authors' code.
    """

    def __init__(
        self,
        in_channels: int,
        charset: CharsetConfig,
        length: Positive = 25,
        height: int = 8,
        hidden: Positive = 256,
        loss_weight: float = 0.05,
    ) -> None:
        super().__init__()
        halvings = log2(height / _LAST_HEIGHT) if height > 0 else -1.0
        if halvings < 0 or halvings % 1:
            raise ConfigError(
                f"CTCRecognizer: height must be a power of two and at least 4, got {height}"
            )
        self.charset = Charset.build(charset, "model.head.recognizer.charset")
        self.length = length
        self.height = height
        self.loss_weight = loss_weight
        norms = [nn.BatchNorm2d(in_channels) for _ in range(int(halvings))]
        self.convs = nn.Sequential(
            *recognition_tower(in_channels),
            *(conv_block(in_channels, norm, stride=(2, 1)) for norm in norms),
            nn.Conv2d(in_channels, in_channels, (_LAST_HEIGHT, 1), bias=False),
        )
        self.encoder = BiLSTM(in_channels, hidden, self.charset.num_classes)

    def forward(self, pooled: Tensor) -> Tensor:
        """Return the logits (w, R, K), float32.

        Args:
            pooled: (R, C, h, w), R >= 1.

        Raises:
            ConfigError: The pooled texts are not as high as `height`.
        """
        if pooled.shape[2] != self.height:
            raise ConfigError(
                f"CTCRecognizer: height {self.height}, but the pooled texts are "
                f"{pooled.shape[2]} high (model.head.pooler.size)"
            )
        return self.encoder(self.convs(pooled).squeeze(2).permute(2, 0, 1))

    def loss(self, pooled: Tensor, texts: Tensor) -> Tensor:
        """Return the weighted loss, a float32 scalar; 0 without a region.

        Texts that don't fit into w columns count as 0. As CTC's losses do in PyTorch, each text is
        divided by its length before the mean is taken.

        Args:
            pooled: (R, C, h, w).
            texts: Classes int64 (R, T).
        """
        if not len(pooled):
            return idle_loss(self, pooled)
        logits = self(pooled)
        with full_precision(logits):
            lengths = (texts != self.charset.padding_index).sum(dim=1)
            columns = logits.log_softmax(dim=2)
            loss = ctc_loss(columns, texts, lengths, self.charset.padding_index)
            return self.loss_weight * (loss / lengths.clamp(min=1)).mean()

    @torch.no_grad()
    def read(self, pooled: Tensor) -> Tensor:
        """Return the classes int64 (R, w): the best of each column, padding where it is repeated.

        Args:
            pooled: (R, C, h, w).
        """
        if not pooled.shape[0]:  # len() would freeze the number in an exported graph
            return torch.zeros(0, pooled.shape[3], dtype=torch.int64, device=pooled.device)
        best = self(pooled).argmax(dim=2).T  # R, w
        again = torch.zeros_like(best, dtype=torch.bool)
        again[:, 1:] = best[:, 1:] == best[:, :-1]
        return best.masked_fill(again, self.charset.padding_index)
