"""A config that trains in seconds: the smallest FastTCM under DBNet on synthetic images."""

from pathlib import Path

import torch

from tcm.cli.configs import read_config
from tcm.registry import MODELS

CONFIG = """
model:
  type: Detector
  backbone:
    type: FastTCM
    pretrained: null
    trunk: {layers: [1, 1, 1, 1], width: 8, heads: 4, output_dim: 32}
    text_encoder: {width: 16, heads: 2, layers: 1}
    matching: {decoder: {width: 16, heads: 2, layers: 1}}
  neck: {type: FPNC, lateral_channels: 16, out_channels: 4}
  head: {type: DBHead}
  matching_loss: {type: MatchingLoss}
data:
  train:
    batch_size: 2
    dataset: {type: SyntheticText, length: 10, size: [64, 64], words_per_image: [1, 2]}
    pipeline: [{type: RandomFlip}, {type: Warp}, {type: DBTargets}]
  val:
    batch_size: 2
    dataset: {type: SyntheticText, length: 3, seed: 1, size: [64, 64], words_per_image: [1, 2]}
    pipeline: []
optimizer: {type: AdamW, lr: 1e-3}
schedule: {type: Poly}
param_groups: {lr_multipliers: {backbone.trunk: 0.1}}
trainer:
  {max_steps: 7, val_every_steps: 4, log_every_steps: 2, accelerator: cpu, progress_bar: false}
evaluation:
  metrics: {icdar2015: {type: ICDAR2015}, sweep: {type: HmeanSweep}}
"""


class OneFigure:
    """A metric for tests that has nothing but the headline that `evaluate` sets."""

    def as_dict(self):
        return self.headline

    as_report = as_dict

    def lines(self):
        return ["a figure"]


def write_config(folder: Path, text: str = CONFIG, name: str = "tiny.yaml") -> str:
    """Write the config into a folder and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def write_checkpoint(config: str, path: Path) -> str:
    """Write a checkpoint that finds one text in every image, the whole image, with score 0.5."""
    model = MODELS.build(read_config(config)["model"], "model")
    last = model.head.binarize[-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    state = {f"model.{name}": value for name, value in model.state_dict().items()}
    torch.save({"state_dict": state}, path)
    return str(path)
