"""MMOCR's and MMDetection's detectors on our backbone in its smallest form."""

import numpy as np
import torch

from tests.integrations.openmmlab.numbers import BACKBONE, MEAN, STD

CHANNELS = [32, 64, 128, 257]
PROMPTED = {k: v for k, v in BACKBONE.items() if k not in ("type", "pretrained")}
TINY = {"type": "tcm.FastTCM", **PROMPTED}
SHRUNK = {"targets": {"type": "ShrinkTargets"}, "map": "shrink_map", "mask": "shrink_mask"}
WHOLE = {
    "targets": {"type": "PSETargets", "num_kernels": 2},
    "map": "text_map",
    "mask": "text_mask",
    "loss": "mined_dice",
}


def dbnet(**changes):
    """Return the config of MMOCR's DBNet, its neck and head that of `numbers.DBNET`."""
    return {
        "type": "tcm.DBNet",
        "backbone": TINY,
        "neck": {
            "type": "FPNC",
            "in_channels": CHANNELS,
            "lateral_channels": 16,
            "out_channels": 4,
        },
        "det_head": {"type": "DBHead", "in_channels": 16},
        "data_preprocessor": {
            "type": "TextDetDataPreprocessor",
            "mean": list(MEAN),
            "std": list(STD),
            "bgr_to_rgb": True,
            "pad_size_divisor": 32,
        },
        **changes,
    }


def text_sample(polygons, ignored=None, size=(64, 96)):
    """Return a data sample of MMOCR's with ground truth."""
    from mmengine.structures import InstanceData
    from mmocr.structures import TextDetDataSample

    sample = TextDetDataSample()
    flat = [np.asarray(p, np.float32).ravel() for p in polygons]
    marks = torch.tensor(ignored or [False] * len(polygons))
    labels = torch.zeros(len(polygons), dtype=torch.long)
    sample.gt_instances = InstanceData(polygons=flat, ignored=marks, labels=labels)
    sample.set_metainfo({"img_shape": size, "batch_input_shape": size, "scale_factor": (1.0, 1.0)})
    return sample


SQUARE = [[10, 10], [60, 10], [60, 50], [10, 50]]
