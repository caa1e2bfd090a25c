"""Small models of every kind with random weights, with thresholds at which they find something."""

import numpy as np
import torch
from torch import nn

from tcm.config import load_config
from tcm.contracts import as_arrays
from tcm.engine.checkpoint import without_pretrained
from tcm.models.backbones.deformable import DeformableConv2d
from tcm.registry import MODELS
from tcm.shipped import find_config
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
    "Rotated FCOS": (LEAST, "rotated", {}),
    "ABCNet": (LEAST, "abcnet", {}),
    "DeepSolo": (LEAST, "deepsolo", {}),
    "TESTR": (LEAST, "testr", {}),
    "ABCNet v2": (LEAST, "abcnet", {"head.coord_conv": True, "neck.type": "BiFPN"}),
}
# Of each method the layers that end in logits or places, and a decoder that keeps what it can.
_LAYERS = {
    "dbnet": ("binarize.6",),
    "fcenet": ("out_conv_cls", "out_conv_reg"),
    "psenet": ("out",),
    "panet": ("maps",),
    "rotated": ("cls", "box", "centerness"),
    "deepsolo": ("transformer.ctrl_point_class",),
    "testr": ("transformer.point_class",),
    "abcnet": ("detector.cls", "detector.centerness", "detector.box", "detector.bezier"),
}
_DECODERS = {
    "dbnet": {"type": "DBDecoder", "mask_thr": 0.5, "min_score": 0.0, "min_width": 1.0},
    "fcenet": {"type": "FCEDecoder", "score_thr": 0.3},
    "psenet": {"type": "PSEDecoder", "min_score": 0.0, "min_area": 1.0, "output": "poly"},
    "panet": {"type": "PANDecoder", "min_score": 0.0, "min_area": 1.0},
    "rotated": {"type": "RotatedBoxDecoder", "score_thr": 0.3, "nms_pre": 40},
    "deepsolo": {"type": "DeepSoloDecoder", "score_thr": 0.3},
    "testr": {"type": "TESTRDecoder", "score_thr": 0.3},
    "abcnet": {"type": "ABCNetDecoder", "score_thr": 0.5, "nms_iou": 0.3, "keep": 20},
}


def config_of(case):
    backbone, method, changes = CASES[case]
    config = detector("ResNet", method)
    config["backbone"] = BACKBONES[backbone] if isinstance(backbone, str) else backbone
    for place, value in changes.items():
        part, key = place.split(".")
        config[part] = {**config[part], key: value}
    config["head"] = {**config["head"], "decode": _DECODERS[method]}
    return config


def model_of(case):
    """Return a model, not deployed."""
    return _ready(config_of(case), CASES[case][1])


def full_model_of(name, method):
    """Return the model of a shipped config with random weights, not deployed."""
    config = without_pretrained(load_config(find_config(name))["model"])
    return _ready({**config, "head": {**config["head"], "decode": _DECODERS[method]}}, method)


def _ready(config, method):
    torch.manual_seed(0)
    model = MODELS.build(config, "model").eval()
    for part in model.modules():  # what starts at 0 would hide its input
        if isinstance(part, nn.Linear) and not part.weight.any():
            nn.init.normal_(part.weight, std=0.1)
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
    linear = isinstance(layer, nn.Linear)
    values = seen[0].movedim(-1 if linear else 1, 0).flatten(1)
    factor = 2 / values.std(dim=1)
    shape = (1, -1, 1, 1) if isinstance(layer, nn.ConvTranspose2d) else (-1, 1, 1, 1)
    shape = (-1, 1) if linear else shape
    layer.weight *= factor.view(shape)
    layer.bias.copy_((layer.bias - values.mean(dim=1)) * factor)


def images_of(batch, height, width, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (batch, height // 16, width // 16, 3), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(16, axis=1).repeat(16, axis=2))


def compare(model, runner, shape, tolerance=1e-4):
    """Hold an exported model against the deployed one on images, and return how much was found."""
    images = images_of(*shape)
    planes = torch.from_numpy(images).permute(0, 3, 1, 2)
    with torch.no_grad():
        given = {"images": planes.contiguous()}
        if model.masks_padding:
            given["sizes"] = torch.tensor([shape[1:]] * len(images))
        wanted = as_arrays(model.graphs()["model"].module(**given))
    found = runner.graphs["model"](**{name: value.numpy() for name, value in given.items()})
    assert wanted.keys() == found.keys()
    for name, value in wanted.items():
        if value.dtype == bool:  # a pixel may lie on the threshold
            assert (found[name] != value).mean() <= 1e-3, name
        else:
            np.testing.assert_allclose(
                found[name], value, atol=tolerance, rtol=tolerance, err_msg=name
            )
    matrices, sizes = [np.diag([0.5, 0.5, 1.0])] * len(images), [shape[1:]] * len(images)
    pairs = zip(
        model.predict(planes, matrices, sizes), runner.detect(images, matrices, sizes), strict=True
    )
    count = 0
    for one, other in pairs:
        assert one.texts == other.texts
        np.testing.assert_allclose(other.scores, one.scores, atol=tolerance)
        for polygon, same in zip(one.polygons, other.polygons, strict=True):
            np.testing.assert_allclose(same, polygon, atol=1e-2)
        count += len(one)
    return count
