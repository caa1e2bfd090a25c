import numpy as np
import torch

from tcm.models.detectors.fcenet.converters import rename
from tcm.models.detectors.fcenet.head import FCEHead
from tcm.models.necks.fpn import FPN
from tests.conftest import oracle_file
from tests.models.detectors.fcenet.oracle import LEVELS


def test_neck_and_head_are_those_of_mmocr():
    data = np.load(oracle_file("heads/fcenet_forward.npz"))
    width = int(data["cfg.out_channels"])
    neck = FPN([4, *data["cfg.in_channels"].tolist()], width)
    head = FCEHead(width, int(data["cfg.fourier_degree"]))
    state = {rename(k): torch.from_numpy(data[k]) for k in data if k.startswith(("neck", "det_"))}
    torch.nn.ModuleDict({"neck": neck, "head": head}).load_state_dict(state)
    given = [torch.from_numpy(data[f"in.c{i}"]) for i in (3, 4, 5)]
    unused = torch.zeros(len(given[0]), 4, *(2 * side for side in given[0].shape[-2:]))
    with torch.no_grad():
        feature = neck([unused, *given])
        predictions = head(feature)
    for i, level in enumerate(LEVELS):
        found = {"neck": feature[i], "cls": predictions[f"cls_{i}"], "reg": predictions[f"reg_{i}"]}
        for name, tensor in found.items():
            wanted = torch.from_numpy(data[f"out.{name}.{level}"])
            torch.testing.assert_close(tensor, wanted, atol=1e-4, rtol=1e-4)
