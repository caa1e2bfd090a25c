"""Finding, reading and applying CLIP's weights, by open_clip's name or from any usual file."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import open_clip
import torch
from open_clip.pretrained import download_pretrained
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from tcm.errors import CheckpointError, nearest

State = dict[str, Tensor]

_SUFFIXES = {".pt", ".pth", ".bin", ".ckpt", ".safetensors"}
_TEXT_PARTS = (
    "transformer.",
    "token_embedding.",
    "ln_final.",
    "text_projection",
    "positional_embedding",
)


def read_clip_state(pretrained: str, model: str = "RN50") -> State:
    """Return CLIP's whole state dict in float32, under OpenAI's names.

    Args:
        pretrained: A tag of open_clip for `model`, such as ``openai`` (downloaded once, then
            cached), or the path of a file: OpenAI's TorchScript archive, a state dict, a checkpoint
            with a ``state_dict``, or safetensors.
        model: Name of the architecture in open_clip.

    Raises:
        CheckpointError: Neither a known tag nor an existing file, no download, or a damaged file.
    """
    tags = open_clip.list_pretrained_tags_by_model(model)
    if Path(pretrained).is_file():
        return read_state_file(Path(pretrained))
    if Path(pretrained).suffix in _SUFFIXES or len(Path(pretrained).parts) > 1:
        raise CheckpointError(f"weights file {pretrained} does not exist")
    if pretrained not in tags:
        raise CheckpointError(
            f"CLIP {model} has no weights '{pretrained}'{nearest(pretrained, tags)}"
        )
    try:
        path = download_pretrained(open_clip.get_pretrained_cfg(model, pretrained))
    except (OSError, RuntimeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise CheckpointError(
            f"weights '{pretrained}' of CLIP {model} could not be downloaded ({reason}); give the "
            "path of a local file as 'pretrained', or null for random initialisation"
        ) from error
    return read_state_file(Path(path))


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


def load_visual(trunk: nn.Module, clip_state: Mapping[str, Tensor], source: str) -> None:
    """Load the image encoder's part of CLIP's state into a `CLIPVisualTrunk`.

    Raises:
        CheckpointError: The state lacks a parameter or has one of another shape; the text names it
            and `source`.
    """
    state = {k.removeprefix("visual."): v for k, v in clip_state.items() if k.startswith("visual.")}
    load_checked(trunk, state, f"{source}, image encoder", unused_ok=True)


def load_text(encoder: nn.Module, clip_state: Mapping[str, Tensor], source: str) -> None:
    """Load the text encoder's part of CLIP's state into a `PromptedTextEncoder`.

    The position table is cut to the encoder's `context_length`.

    Raises:
        CheckpointError: The state lacks a parameter or has one of another shape; the text names it
            and `source`.
    """
    state = {k: v for k, v in clip_state.items() if k.startswith(_TEXT_PARTS)}
    if "positional_embedding" in state:
        state["positional_embedding"] = state["positional_embedding"][: encoder.context_length]
    load_checked(encoder, state, f"{source}, text encoder")


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
