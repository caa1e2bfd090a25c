"""A model for runs of several processes: its loss is a mean over images, and it draws numbers."""

import torch
from torch import nn

from tcm.registry import METRICS, MODELS
from tcm.structures import TextInstances
from tests.cli.tiny import OneFigure


@MODELS.register("MeanOfImages")
class MeanOfImages(nn.Module):
    """A mean over images, so that the gradient of a batch is the mean of those of its parts.

    Args:
        dropout: Share of the features that are left out in training.
        fails_in: Rank of the process that dies in its third step; None for none.
    """

    def __init__(self, dropout: float = 0.0, dies_in: int | None = None) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 8, stride=8), nn.GELU(), nn.Dropout(dropout))
        self.end = nn.Conv2d(8, 1, 1)
        self.dies_in = dies_in
        self.steps = 0

    def loss(self, images, targets):
        self.steps += 1
        rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
        if self.steps == 3 and rank == self.dies_in:
            raise SystemExit(7)
        found = self.end(self.body(images.float() / 255))
        return {"loss_mean": found.square().mean()}

    def deploy(self, fold=True):
        """Do nothing."""

    def outputs(self, images):
        return {"found": self.end(self.body(images.float() / 255)).mean(dim=(1, 2, 3))}

    def texts_of(self, outputs, matrices, sizes):
        return [TextInstances([], scores=[]) for _ in outputs["found"]]


@METRICS.register("CountImages")
class CountImages(OneFigure):
    """The number of images that are scored, and of different ones."""

    def evaluate(self, predictions, truths, names):
        self.headline = {"images": float(len(names)), "different": float(len(set(names)))}
        return self


CONFIG = """
imports: [tests.reliability.parts]
model: {type: MeanOfImages}
data:
  train:
    batch_size: 2
    dataset: {type: SyntheticText, length: 12, size: [64, 64], words_per_image: [1, 2]}
    pipeline: [{type: RandomFlip}, {type: Warp}]
  val:
    batch_size: 2
    dataset: {type: SyntheticText, length: 3, seed: 1, size: [64, 64], words_per_image: [1, 2]}
    pipeline: [{type: Warp}]
optimizer: {type: SGD, lr: 0.01}
schedule: {type: Constant}
trainer: {max_steps: 4, val_every_steps: 2, log_every_steps: 1, accelerator: cpu}
evaluation: {metrics: {count: {type: CountImages}}}
"""
