"""Small models of every kind with random weights, with thresholds at which they find something."""

import numpy as np
import torch
from torch import nn

from tcm.cli.export import write_folder
from tcm.models.backbones.deformable import DeformableConv2d
from tcm.registry import MODELS
from tcm.structures import Features
from tests.models.tiny import BACKBONES, detector


class Trunk(nn.Module):
    """The least that gives four levels; the third convolution may be deformable."""

    def __init__(self, deformable):
        super().__init__()
        self.out_channels = [8, 8, 8, 8]
        steps = zip((3, 8, 8, 8), (4, 2, 2, 2), strict=True)
        self.stages = nn.ModuleList(
            nn.Conv2d(channels, 8, 3, stride, 1, bias=False) for channels, stride in steps
        )
        if deformable:
            plain, self.stages[2] = self.stages[2], DeformableConv2d(self.stages[2])
            self.stages[2].weight = plain.weight
            nn.init.normal_(self.stages[2].offset.weight, std=0.5)

    def forward(self, images):
        levels = []
        for stage in self.stages:
            images = stage(images).relu()
            levels.append(images)
        return Features(levels)


@MODELS.register()
class LeastTrunk(Trunk):
    def __init__(self, deformable: bool = False):
        super().__init__(deformable)


LEAST = {"type": "LeastTrunk"}
CASES = {
    "FastTCM-DBNet": ("FastTCM", "dbnet", {}),
    "TCM-DBNet": ("TCM", "dbnet", {}),
    "CLIP-R50-DBNet": ("CLIPResNet", "dbnet", {}),
    "ResNet-DBNet": ("ResNet", "dbnet", {}),
    "DBNet++": ({**LEAST, "deformable": True}, "dbnet", {"neck.asf": True}),
    "FCENet": (LEAST, "fcenet", {}),
    "PSENet": (LEAST, "psenet", {}),
    "PANet": (LEAST, "panet", {}),
    "ABCNet": (LEAST, "abcnet", {}),
    "ABCNet v2": (LEAST, "abcnet", {"head.coord_conv": True, "neck.type": "BiFPN"}),
}
# Of each method the layers whose outputs are logits or places, and a decoder that keeps what it can.
_LAYERS = {
    "dbnet": ("binarize.6",),
    "fcenet": ("out_conv_cls", "out_conv_reg"),
    "psenet": ("out",),
    "panet": ("maps",),
    "abcnet": ("detector.cls", "detector.centerness", "detector.box", "detector.bezier"),
}
_DECODERS = {
    "dbnet": {"type": "DBDecoder", "mask_thr": 0.5, "min_score": 0.0, "min_width": 1.0},
    "fcenet": {"type": "FCEDecoder", "score_thr": 0.3},
    "psenet": {"type": "PSEDecoder", "min_score": 0.0, "min_area": 1.0, "output": "poly"},
    "panet": {"type": "PANDecoder", "min_score": 0.0, "min_area": 1.0},
    "abcnet": {"type": "ABCNetDecoder", "score_thr": 0.5, "nms_iou": 0.3, "keep": 20},
}


def model_of(case):
    backbone, method, changes = CASES[case]
    config = detector("ResNet", method)
    config["backbone"] = BACKBONES[backbone] if isinstance(backbone, str) else backbone
    for place, value in changes.items():
        part, key = place.split(".")
        config[part] = {**config[part], key: value}
    config["head"] = {**config["head"], "decode": _DECODERS[method]}
    torch.manual_seed(0)
    model = MODELS.build(config, "model").eval()
    model.deploy()
    for name in _LAYERS[method]:
        _centre(model, model.head.get_submodule(name))
    return model


@torch.no_grad()
def _centre(model, layer):
    """Scale a layer so that each channel has mean 0 and deviation 2 on an image."""
    seen = []
    hook = layer.register_forward_hook(lambda part, given, made: seen.append(made))
    model(torch.from_numpy(images_of(2, 64, 96)).permute(0, 3, 1, 2))
    hook.remove()
    values = seen[0].movedim(1, 0).flatten(1)
    factor = 2 / values.std(dim=1)
    shape = (1, -1, 1, 1) if isinstance(layer, nn.ConvTranspose2d) else (-1, 1, 1, 1)
    layer.weight *= factor.view(shape)
    layer.bias.copy_((layer.bias - values.mean(dim=1)) * factor)


def images_of(batch, height, width, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (batch, height // 16, width // 16, 3), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(16, axis=1).repeat(16, axis=2))


def export(model, folder, pipeline=()):
    folder.mkdir()
    return write_folder(model, {"model": {}}, list(pipeline), "tiny", folder)
