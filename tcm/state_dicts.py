"""State dicts: read from any usual file without running code from it, and loaded with a check."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from tcm.errors import CheckpointError, nearest

State = dict[str, Tensor]


def read_state_file(path: Path) -> State:
    """Return the tensors of a weights file in float32, without code from it being run.

    Raises:
        CheckpointError: The file is missing, damaged or holds no state dict.
    """
    if not path.is_file():
        raise CheckpointError(f"weights file {path} does not exist")
    try:
        content = _read_any(path)
    except (
        RuntimeError,
        ValueError,
        OSError,
        EOFError,
        UnpicklingError,
        SafetensorError,
    ) as error:
        raise CheckpointError(
            f"{path}: no weights file, or one that holds more than tensors ({type(error).__name__})"
        ) from error
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    tensors = (
        {k: v for k, v in content.items() if isinstance(v, Tensor)}
        if isinstance(content, Mapping)
        else {}
    )
    if not tensors:
        raise CheckpointError(f"{path}: holds no state dict")
    return {
        key.removeprefix("module."): value.float() if value.is_floating_point() else value
        for key, value in tensors.items()
    }


def _read_any(path: Path) -> object:
    if path.suffix == ".safetensors":
        return load_file(path)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            scripted = any(name.endswith("/constants.pkl") for name in archive.namelist())
        if scripted:
            return dict(torch.jit.load(str(path), map_location="cpu").state_dict())
    return torch.load(path, map_location="cpu", weights_only=True)


def load_checked(
    module: nn.Module, state: Mapping[str, Tensor], source: str, unused_ok: bool = False
) -> None:
    """Load a state dict strictly, with one line that tells what does not fit.

    Args:
        module: What is loaded into.
        state: Name to tensor.
        source: Where the state comes from, for the error.
        unused_ok: Whether entries that `module` lacks are allowed.

    Raises:
        CheckpointError: An entry is missing, superfluous or of another shape.
    """
    own = module.state_dict()
    counters = {name for name in own if name.endswith("num_batches_tracked")}
    missing = [name for name in own if name not in state and name not in counters]
    unused = [] if unused_ok else [name for name in state if name not in own]
    shapes = [n for n, t in state.items() if n in own and t.shape != own[n].shape]
    mistakes = (
        [f"lacks {len(missing)} of {len(own)} entries, the first '{missing[0]}'"] if missing else []
    )
    if unused:
        hint = nearest(unused[0], missing)
        mistakes.append(f"has {len(unused)} that the model lacks, the first '{unused[0]}'{hint}")
    if shapes:
        first = shapes[0]
        found, wanted = tuple(state[first].shape), tuple(own[first].shape)
        mistakes.append(
            f"has {len(shapes)} of another shape, the first '{first}': "
            f"{found} where {wanted} is wanted"
        )
    if mistakes:
        raise CheckpointError(f"{source}: does not fit this model: it {'; it '.join(mistakes)}")
    module.load_state_dict({name: t for name, t in state.items() if name in own}, strict=False)
