"""State dicts: read from any usual file without running code from it, and loaded with a check."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn

from tcm.errors import CheckpointError, nearest, shown
from tcm.inputs import shown_path, why_no_file
from tcm.torch_files import is_scripted, load_torch, read_scripted

State = dict[str, Tensor]
SAFETENSORS = ".safetensors"


_WANTED = "weights file, or one that holds more than tensors"
_VIEWS = 8  # times a file's size that its tensors may claim together: several may share memory
_FREE = 1 << 29  # bytes that they may claim in any case


class MisfitError(CheckpointError):
    """A state dict of another model: its names or shapes are others."""


def read_state_file(path: Path) -> State:
    """Return the tensors of a weights file in float32, without code from it being run.

    Raises:
        CheckpointError: The file is missing, damaged or holds no state dict.
    """
    why = why_no_file(path)
    if why:
        raise CheckpointError(f"weights file {shown_path(path)} {why}")
    content = _read_any(path)
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
    require_plain(tensors, path)
    return {
        key.removeprefix("module."): value.float() if value.is_floating_point() else value
        for key, value in tensors.items()
    }


def require_plain(state: Mapping[Any, Any], path: Path) -> None:
    """Refuse a state dict of a file that is not names and dense tensors.

    Raises:
        CheckpointError: A name is no text; a tensor is sparse, quantised, nested or meta; or
            tensors claim many times more bytes than the file has, by a stride of 0.
    """
    for name, value in state.items():
        if not isinstance(name, str):
            raise CheckpointError(f"{path}: holds no state dict: {shown(name)} is no name")
        if not _is_plain(value):
            kind = shown(type(value).__name__) if not isinstance(value, Tensor) else _kind(value)
            raise CheckpointError(f"{path}: {shown(name)} is no dense tensor but {kind}")
    claimed = sum(value.numel() * value.element_size() for value in state.values())
    size = path.stat().st_size
    if claimed > max(_FREE, _VIEWS * size):
        raise CheckpointError(f"{path}: damaged: tensors of {claimed} bytes in a file of {size}")


def _is_plain(value: Any) -> bool:
    return type(value) in (Tensor, nn.Parameter) and not (
        value.layout != torch.strided or value.is_quantized or value.is_meta or value.is_nested
    )


def _kind(value: Tensor) -> str:
    marks = {"quantised": value.is_quantized, "meta": value.is_meta, "nested": value.is_nested}
    words = [word for word, found in marks.items() if found]
    return " ".join(words) or f"{type(value).__name__} of layout {value.layout}"


def _read_any(path: Path) -> object:
    if path.suffix == SAFETENSORS:
        return read_safetensors(path, _WANTED)[0]
    if is_scripted(path, _WANTED):
        return read_scripted(path, _WANTED)
    return load_torch(path, _WANTED)


def read_safetensors(path: Path, wanted: str) -> tuple[State, dict[str, str]]:
    """Return the tensors of a file of safetensors, and its metadata.

    Args:
        path: The file.
        wanted: What it should be, for the error.

    Raises:
        CheckpointError: It is damaged.
    """
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except Exception as error:  # of a damaged file it raises whatever there is
        raise CheckpointError(f"{path}: no {wanted} ({type(error).__name__})") from error


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
        MisfitError: An entry is missing, superfluous or of another shape.
        CheckpointError: An entry is of whole numbers where fractions belong or the other way round,
            or has a value that is not finite.
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
        first = shown(unused[0])
        mistakes.append(f"has {len(unused)} that the model lacks, the first {first}{hint}")
    if shapes:
        first = shapes[0]
        found, wanted = tuple(state[first].shape), tuple(own[first].shape)
        mistakes.append(
            f"has {len(shapes)} of another shape, the first '{first}': "
            f"{found} where {wanted} is wanted"
        )
    if mistakes:
        raise MisfitError(f"{source}: does not fit this model: it {'; it '.join(mistakes)}")
    fitting = {name: tensor for name, tensor in state.items() if name in own}
    _require_numbers(fitting, own, source)
    module.load_state_dict(fitting, strict=False)


def _require_numbers(state: State, own: Mapping[str, Tensor], source: str) -> None:
    """Refuse values that no training leaves behind.

    Raises:
        CheckpointError: Numbers are of another kind than the module's, or infinite, or NaN.
    """
    other = [name for name, tensor in state.items() if not _same_kind(tensor, own[name])]
    if other:
        found, wanted = state[other[0]].dtype, own[other[0]].dtype
        raise CheckpointError(
            f"{source}: does not fit this model: it has {len(other)} of another kind of number, "
            f"the first '{other[0]}': {found} where {wanted} is wanted"
        )
    wrong = [name for name, tensor in state.items() if not torch.isfinite(tensor).all()]
    if wrong:
        raise CheckpointError(
            f"{source}: {len(wrong)} of {len(state)} entries have values that are infinite or no "
            f"numbers, the first '{wrong[0]}'; its training diverged or the file is damaged"
        )


def _same_kind(one: Tensor, other: Tensor) -> bool:
    kinds = [(t.is_floating_point(), t.is_complex(), t.dtype == torch.bool) for t in (one, other)]
    return kinds[0] == kinds[1]
