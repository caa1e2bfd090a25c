"""ABCNet's attention recognizer (Liu et al., CVPR 2020, section 3.3; the authors' code).

Shapes: R regions, C channels, h and w the sides of a pooled region, T characters, K classes.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.charset import Charset, CharsetConfig
from tcm.models.losses import full_precision
from tcm.models.spotters.abcnet.layers import BiLSTM, conv_block, idle_loss, recognition_tower
from tcm.registry import MODELS
from tcm.values import Positive, Share, require_multiple

_START = 0  # the first token fed back; the first character of the set, as in the authors' code


@MODELS.register()
class AttentionRecognizer(nn.Module):
    """Read pooled texts character by character, looking at a part of the text for each.

    Args:
        in_channels: C.
        charset: As `Charset.build` takes it.
        length: T; every step is always run, and padding is a class to learn.
        hidden: Width of each direction of the LSTM.
        groups: Of the group norms.
        dropout: Of the embedded characters.
        forcing: Probability, at each step for the whole batch, that the true character is fed back
            in training and not the recognizer's own.
        loss_weight: Factor of the loss.
    """

    def __init__(
        self,
        in_channels: int,
        charset: CharsetConfig,
        length: Positive = 25,
        hidden: Positive = 256,
        groups: Positive = 32,
        dropout: Share = 0.1,
        forcing: Share = 0.5,
        loss_weight: float = 0.05,
    ) -> None:
        super().__init__()
        require_multiple("AttentionRecognizer: the neck's width", in_channels, groups)
        self.charset = Charset.build(charset, "model.head.recognizer.charset")
        self.length = length
        self.forcing = forcing
        self.loss_weight = loss_weight
        norms = [nn.GroupNorm(groups, in_channels) for _ in range(2)]
        self.convs = nn.Sequential(
            *recognition_tower(in_channels),
            *(conv_block(in_channels, norm, stride=(2, 1)) for norm in norms),
        )
        self.encoder = BiLSTM(in_channels, hidden, in_channels)
        self.decoder = AttentionDecoder(in_channels, self.charset.num_classes, dropout)

    def encode(self, pooled: Tensor) -> Tensor:
        """Return the sequence (w, R, C), float32, of pooled texts (R, C, h, w)."""
        return self.encoder(self.convs(pooled).mean(dim=2).permute(2, 0, 1))

    def forward(self, pooled: Tensor) -> Tensor:
        """Return the logits (R, T, K), float32, of a greedy run.

        Args:
            pooled: (R, C, h, w), R >= 1.
        """
        return self.decoder(self.encode(pooled), self.length)[0]

    def loss(self, pooled: Tensor, texts: Tensor) -> Tensor:
        """Return the weighted loss, a float32 scalar; 0 without a region.

        Args:
            pooled: (R, C, h, w).
            texts: Classes int64 (R, T).
        """
        if not len(pooled):
            return idle_loss(self, pooled)
        # One coin a step, on the host: the run must not wait for the device.
        forced = (torch.rand(self.length) < self.forcing).tolist()
        logits, _ = self.decoder(self.encode(pooled), self.length, texts, forced)
        return self.loss_weight * sequence_loss(logits, texts)

    @torch.no_grad()
    def read(self, pooled: Tensor) -> Tensor:
        """Return the most likely classes int64 (R, T) of each region.

        Args:
            pooled: (R, C, h, w).
        """
        if not pooled.shape[0]:  # len() would freeze the number in an exported graph
            return torch.zeros(0, self.length, dtype=torch.int64, device=pooled.device)
        return self(pooled).argmax(dim=2)


class AttentionDecoder(nn.Module):
    """A GRU that looks at the encoded sequence before each step.

    Args:
        width: C of the sequence, the embedding and the state.
        classes: K.
        dropout: Of the embedding.
    """

    def __init__(self, width: int, classes: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, width)
        self.dropout = nn.Dropout(dropout)
        self.energy = nn.Linear(width, 1)
        self.combine = nn.Linear(2 * width, width)
        self.gru = nn.GRUCell(width, width)
        self.out = nn.Linear(width, classes)

    def forward(
        self,
        sequence: Tensor,
        length: int,
        texts: Tensor | None = None,
        forced: list[bool] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the logits (R, T, K) and the attention (R, T, w), float32.

        Args:
            sequence: What the encoder returned, (w, R, C).
            length: T.
            texts: True classes int64 (R, T); with `forced` only.
            forced: For each step whether the true class is fed back after it.
        """
        with full_precision(sequence):
            encoded = sequence.float().transpose(0, 1)  # R, w, C
            state = encoded.new_zeros(encoded.shape[0], encoded.shape[2])
            token = torch.full((encoded.shape[0],), _START, device=encoded.device)
            logits, looks = [], []
            for step in range(length):
                state, look = self._step(token, state, encoded)
                logits.append(self.out(state))
                looks.append(look)
                if texts is not None and forced is not None and forced[step]:
                    token = texts[:, step]
                else:
                    token = logits[-1].detach().argmax(dim=1)
            return torch.stack(logits, dim=1), torch.stack(looks, dim=1)

    def _step(self, token: Tensor, state: Tensor, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next state (R, C) and the attention (R, w)."""
        embedded = self.dropout(self.embedding(token))
        look = self.energy(torch.tanh(state.unsqueeze(1) + encoded)).squeeze(2).softmax(dim=1)
        seen = (look.unsqueeze(1) @ encoded).squeeze(1)
        mixed = self.combine(torch.cat([embedded, seen], dim=1)).relu()
        return self.gru(mixed, state), look


def sequence_loss(logits: Tensor, texts: Tensor) -> Tensor:
    """Return the sum over the steps of the mean cross-entropy, padding included, a float32 scalar.

    Args:
        logits: (R, T, K).
        texts: Classes int64 (R, T).
    """
    with full_precision(logits):
        mean = F.cross_entropy(logits.float().flatten(0, 1), texts.flatten())
        return mean * texts.shape[1]
