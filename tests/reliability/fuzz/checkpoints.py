"""Fuzz target: checkpoints and weights files, read as ``test``, ``infer`` and ``train`` do."""

import functools
import warnings
from pathlib import Path

import torch
from safetensors.torch import save_file

from tcm.engine.checkpoint import load_parameters, read_checkpoint
from tcm.errors import CheckpointError
from tcm.registry import MODELS
from tcm.state_dicts import read_state_file

_SIZES = {"in_channels": [4, 4, 4, 4], "lateral_channels": 4, "out_channels": 4}


class _Small(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(3, 2).half()
        self.norm = torch.nn.BatchNorm1d(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the features."""
        return self.norm(self.linear(x))


@functools.cache
def _model() -> torch.nn.Module:
    return MODELS.build({"type": "FPNC", **_SIZES}, "model")


def _load(path: Path) -> None:
    load_parameters(_model(), read_checkpoint(path)[0], str(path))


def seeds(folder: Path) -> list[Path]:
    """Write small valid files of every kind that weights are read from."""
    state = {f"model.{name}": value for name, value in _model().state_dict().items()}
    small = {name: torch.ones(2, 3) for name in ("backbone.a", "head.b")}
    trained = {
        "state_dict": state,
        "epoch": 0,
        "global_step": 4,
        "optimizer_states": [{"state": {0: {"step": torch.tensor(4.0)}}, "param_groups": []}],
        "tcm": {"config": {"model": {"type": "FPNC", **_SIZES}}, "step": 4},
    }
    torch.save(trained, folder / "last.ckpt")
    torch.save(small, folder / "state.pth")
    torch.save(small, folder / "legacy.pth", _use_new_zipfile_serialization=False)
    save_file(small, folder / "tensors.safetensors")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(_Small().eval()), folder / "archive.pt")
    return sorted(folder.iterdir())


def run(path: Path) -> None:
    """Read one file in every way that a command would.

    Raises:
        CheckpointError: Each of them refuses it; the text of the last one.
    """
    refused = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for read in (read_checkpoint, read_state_file, _load):
            try:
                read(path)
            except CheckpointError as error:
                assert len(str(error).splitlines()) == 1, f"several lines: {error}"
                refused.append(error)
    if len(refused) == 3:
        raise refused[-1]
