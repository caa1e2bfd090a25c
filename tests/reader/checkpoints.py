"""Tiny checkpoints that carry their configs, as a training writes them."""

import torch
import yaml

from tcm.cli.configs import read_config
from tcm.engine.checkpoint import save_inference_checkpoint
from tcm.registry import MODELS
from tests.cli.tiny import CONFIG, write_config

RECOGNIZER = """
model:
  type: PARSeq
  img_size: [16, 32]
  patch_size: [8, 8]
  embed_dim: 32
  enc_depth: 1
  enc_num_heads: 2
  dec_num_heads: 2
  charset: 36
  max_label_length: 6
data:
  val:
    batch_size: 3
    dataset: {type: SyntheticWords, length: 3, charset: 36, word_length: [2, 5]}
    pipeline: [{type: StretchTo, size: [16, 32]}, {type: Warp, interpolation: bicubic}]
evaluation:
  metrics: {words: {type: WordAccuracy, charset: 36}}
"""


BY_RATIO = """
model:
  type: SVTRv2
  dims: [32, 32, 32]
  depths: [1, 0, 1]
  local_depths: [1, 0, 0]
  charset: 36
  guided: true
data:
  val:
    batch_size: 3
    dataset: {type: SyntheticWords, length: 3, charset: 36, word_length: [2, 5]}
    pipeline: [{type: MultiSizeResize}, {type: Warp, interpolation: bicubic}]
evaluation:
  metrics: {words: {type: WordAccuracy, charset: 36}}
"""


def write_detector(folder, name="detector.ckpt"):
    """Write a detector that finds one text in every image, the whole image, with score 0.5."""
    config = read_config(write_config(folder, name="detector.yaml"))
    model = MODELS.build(config["model"], "model")
    last = model.head.binarize[-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    save_inference_checkpoint(model, config, folder / name)
    return str(folder / name)


def write_object_detector(folder, name="objects.ckpt", **objects):
    """Write a rotated detector of two classes that finds squares of 16 pixels in any image.

    Return the paths of its checkpoint and of its config.
    """
    text = yaml.safe_load(CONFIG)
    text["model"].update(
        neck={"type": "FPNP3P7", "out_channels": 8},
        head={"type": "RotatedFCOSHead", "classes": 2, "width": 8, "depth": 1, "groups": 2},
    )
    del text["model"]["matching_loss"]
    text["data"]["val"]["pipeline"] = [
        {"type": "ResizeKeepRatio", "scale": [64, 64], "cut": False},
        {"type": "Warp"},
    ]
    text["evaluation"]["metrics"] = {"dota": {"type": "DOTATask1", "classes": ["ship", "plane"]}}
    text["objects"] = {"classes": "${evaluation.metrics.dota.classes}", "tile": 64, "gap": 16}
    text["objects"].update(objects)
    path = write_config(folder, yaml.safe_dump(text), "objects.yaml")
    config = read_config(path)
    torch.manual_seed(0)
    model = MODELS.build(config["model"], "model")
    torch.nn.init.normal_(model.head.cls.weight, std=0.3)
    torch.nn.init.zeros_(model.head.cls.bias)
    torch.nn.init.zeros_(model.head.box.weight)
    torch.nn.init.ones_(model.head.box.bias)
    save_inference_checkpoint(model, config, folder / name)
    return str(folder / name), path


def write_recognizer(folder, name="recognizer.ckpt", config=RECOGNIZER):
    """Write a recognizer of random parameters."""
    config = read_config(write_config(folder, config, "recognizer.yaml"))
    torch.manual_seed(0)
    model = MODELS.build(config["model"], "model")
    save_inference_checkpoint(model, config, folder / name)
    return str(folder / name)
