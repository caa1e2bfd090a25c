"""Weights both ways: checkpoints of ours in models of OpenMMLab, and the other way round.

The converters that read MMOCR's checkpoints give our name of each of its parameters; the other way
is the same table read backwards.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from tcm.engine.checkpoint import is_deployed, read_checkpoint
from tcm.errors import CheckpointError
from tcm.registry import CONVERTERS
from tcm.state_dicts import load_checked

_BACKBONE = "backbone."


def load_ours(module: nn.Module, path: str | Path, converter: str | None = None) -> None:
    """Load a checkpoint of ours into a detector of theirs, or into a backbone alone.

    Args:
        module: The detector, or the backbone if `converter` is None; changed in place.
        path: The checkpoint.
        converter: Name of the converter of the detector's parameter names.

    Raises:
        CheckpointError: The file is missing, deployed, or of another model.
        ConfigError: An unknown converter.
    """
    state, _ = read_checkpoint(path)
    if is_deployed(state):
        raise CheckpointError(
            f"{path}: a deployed FastTCM, which has no text side to train on; take best.ckpt or "
            "last.ckpt of its work dir"
        )
    load_checked(module, in_their_names(module, state, converter), str(path))


def in_their_names(
    module: nn.Module, state: dict[str, Tensor], converter: str | None = None
) -> dict[str, Tensor]:
    """Return what a module of theirs takes of our parameters, under its names.

    Args:
        module: As of `load_ours`.
        state: Our name to tensor.
        converter: As of `load_ours`.
    """
    rename = CONVERTERS.get(converter, "converter") if converter else _of_backbone
    ours = {name: rename(name) for name in module.state_dict()}
    return {theirs: state[name] for theirs, name in ours.items() if name in state}


def _of_backbone(name: str) -> str:
    return _BACKBONE + name


def read_theirs(path: str | Path) -> dict[str, Tensor]:
    """Return the parameters of a checkpoint that mmengine's Runner wrote, and nothing else of it.

    Such a file holds objects of mmengine, and reading it runs code: it is for one's own files.

    Raises:
        CheckpointError: The file is missing or holds no state dict.
    """
    if not Path(path).is_file():
        raise CheckpointError(f"checkpoint {path} is no file")
    try:
        content = torch.load(path, map_location="cpu", weights_only=False)
    except Exception as error:  # an unpickler raises whatever the objects in the file do
        kind = type(error).__name__
        raise CheckpointError(f"{path}: no readable checkpoint ({kind}: {error})") from error
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise CheckpointError(f"{path}: holds no state dict")
    return state
