"""What the tests read from the oracles of DeepSolo and TESTR; all sizes are the files' own."""

import json

import numpy as np
import torch

from tests.conftest import oracle_file


class Oracle:
    """An oracle file: its config, and its arrays as tensors."""

    def __init__(self, name):
        self.data = np.load(oracle_file(f"deepsolo/{name}.npz"))
        self.config = json.loads(str(self.data["config"]))

    def __getitem__(self, key):
        return torch.from_numpy(self.data[key])

    def below(self, prefix):
        """Return the tensors whose names begin with a prefix, by the rest of their names."""
        return {k[len(prefix) :]: self[k] for k in self.data.files if k.startswith(prefix)}

    def sides(self):
        return [tuple(side) for side in self.data["input/shapes"].tolist()]


def close(found, wanted, atol=1e-4, rtol=1e-4):
    torch.testing.assert_close(found.detach(), wanted, atol=atol, rtol=rtol)
