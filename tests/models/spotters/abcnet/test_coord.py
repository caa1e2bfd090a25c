import numpy as np
import torch

from tcm.models.spotters.abcnet.coord import CoordTower
from tests.conftest import oracle_file
from tests.models.spotters.abcnet.parity import load


@torch.no_grad()
def test_the_levels_of_mmocr():
    data = np.load(oracle_file("abcnet/necks.npz"))
    tower = load(CoordTower(data["in.coord.p2"].shape[1]), data, "head.coord.")
    for level in (2, 3, 4):
        found = tower(torch.from_numpy(data[f"in.coord.p{level}"]).float())
        np.testing.assert_allclose(found, data[f"out.coord.p{level}"], atol=1e-4, rtol=1e-4)
