import numpy as np
import pytest
import torch

from tcm.models.detectors.panet.converters import rename
from tcm.models.detectors.panet.head import PANHead
from tcm.models.necks.fpem_ffm import FPEMFFM
from tests.conftest import oracle_file


@pytest.mark.parametrize("name", ["panet_forward", "panet_forward_wide"])
def test_neck_and_maps_of_mmocr(name):
    data = np.load(oracle_file(f"heads/{name}.npz"))
    neck = FPEMFFM(
        data["cfg.in_channels"].tolist(),
        int(data["cfg.conv_out"]),
        int(data["cfg.fpem_repeat"]),
        upsample="nearest",
        bias=True,
    )
    head = PANHead(neck.out_channels, int(data["cfg.hidden_dim"]), int(data["cfg.out_channel"]) - 2)
    model = torch.nn.ModuleDict({"neck": neck, "head": head}).eval()
    weights = {
        rename(k): torch.from_numpy(data[k]) for k in data if k.startswith(("neck.", "det_head."))
    }
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected
    assert all(key.endswith("num_batches_tracked") for key in missing)
    with torch.no_grad():
        feature = neck([torch.from_numpy(data[f"in.c{i}"]) for i in range(2, 6)])
        found = head(feature)
    step = int(data["cfg.neck_channel_step"]) if "cfg.neck_channel_step" in data else 1
    for i, level in enumerate(feature.chunk(4, dim=1)):
        np.testing.assert_allclose(level[:, ::step], data[f"out.neck{i}"], atol=1e-4, rtol=1e-4)
    maps = torch.cat(
        [found["text_logits"][:, None], found["kernel_logits"][:, None], found["embedding"]], 1
    )
    np.testing.assert_allclose(maps, data["out.maps"], atol=1e-4, rtol=1e-4)
