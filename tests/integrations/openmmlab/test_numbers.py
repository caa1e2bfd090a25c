"""What our network gives, written with one PyTorch, is what it gives with every other."""

import numpy as np
import pytest

from tests.integrations.openmmlab.numbers import FILE, outputs


@pytest.fixture(scope="module")
def found():
    return outputs()


@pytest.mark.parametrize("name", ["level_0", "level_1", "level_2", "level_3", "probability"])
def test_levels_and_maps_are_those_of_other_versions(found, name):
    with np.load(FILE) as stored:
        np.testing.assert_allclose(found[name], stored[name], rtol=0, atol=1e-4)
        assert np.ptp(stored[name]) > 0.03  # so that the comparison means something
