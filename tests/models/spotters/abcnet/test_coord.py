import numpy as np
import torch

from tcm.models.spotters.abcnet.coord import CoordTower, _spread
from tests.conftest import oracle_file
from tests.models.spotters.abcnet.parity import load


@torch.no_grad()
def test_the_levels_of_mmocr():
    data = np.load(oracle_file("abcnet/necks.npz"))
    tower = load(CoordTower(data["in.coord.p2"].shape[1]), data, "head.coord.")
    for level in (2, 3, 4):
        found = tower(torch.from_numpy(data[f"in.coord.p{level}"]).float())
        np.testing.assert_allclose(found, data[f"out.coord.p{level}"], atol=1e-4, rtol=1e-4)


def test_coordinates_are_those_of_linspace():
    for count in (1, 2, 7, 19, 260):
        places = _spread(count, torch.zeros(1))
        torch.testing.assert_close(places, torch.linspace(-1, 1, count), rtol=0, atol=1e-7)
        assert torch.equal(_spread(count, torch.zeros(1).bfloat16()), places.bfloat16())
