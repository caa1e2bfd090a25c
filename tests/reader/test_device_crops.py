"""Crops as a GPU cuts them are those of the CPU, up to rounding."""

import cv2
import numpy as np
import pytest
import torch

from tcm.inference.reading.crops import cut_crop, outline_of
from tcm.inference.reading.sizes import CropPolicy
from tcm.reader.device_crops import cut_on

POLYGONS = {
    "upright": [[30, 40], [78, 40], [78, 56], [30, 56]],
    "slanted": [[20, 30], [120, 60], [115, 80], [15, 50]],
    "small": [[50, 50], [62, 50], [62, 54], [50, 54]],
    "beyond": [[-20, 90], [60, 90], [60, 130], [-20, 130]],
    "curved": [[20, 60], [60, 40], [100, 60], [96, 76], [60, 58], [24, 76]],
}


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("name", POLYGONS)
def test_crops_are_alike(name, interpolation):
    image = np.random.default_rng(0).integers(0, 256, (15, 20, 3), dtype=np.uint8)
    image = cv2.resize(image, (160, 120), interpolation=cv2.INTER_CUBIC)
    policy = CropPolicy(16, 48, interpolation)
    outline = outline_of(np.array(POLYGONS[name], float), "curve")
    (crop,) = cut_on(torch.device("cpu"), image, [outline], policy)
    wanted = cut_crop(image, outline, policy)
    assert crop.dtype == torch.uint8
    apart = np.abs(crop.numpy().astype(int) - wanted)
    assert apart.max() <= 6 and apart.mean() < 1  # OpenCV takes places in 32nds of a pixel


def test_what_cannot_be_cut_is_none():
    image = np.zeros((20, 20, 3), np.uint8)
    far = np.array([[50, 50], [60, 50], [60, 60], [50, 60]], float)
    near = far - 45
    crops = cut_on(torch.device("cpu"), image, [far, near], CropPolicy(8, 16))
    assert crops[0] is None and crops[1].shape == (8, 16, 3)
    assert cut_on(torch.device("cpu"), image, [far], CropPolicy(8, 16)) == [None]


@pytest.mark.gpu
def test_a_gpu_cuts_as_the_cpu_does():
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    outline = outline_of(np.array(POLYGONS["slanted"], float), "quad")
    policy = CropPolicy(16, 48)
    (here,), (there,) = (cut_on(torch.device(d), image, [outline], policy) for d in ("cpu", "cuda"))
    assert (there.cpu().int() - here.int()).abs().max() <= 1
