"""Reading and writing checkpoints; always with ``weights_only=True``.

A checkpoint is what Lightning writes (parameters under ``model.``), with the config under ``tcm``,
its interpolations as texts; or an inference checkpoint of ours, which carries no optimiser and no
text side, of PyTorch's format or as safetensors, whose metadata then have ``tcm`` as JSON; or a
foreign one, through a converter of names.
"""

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from tcm.config import name_of, written_form
from tcm.contracts import Model
from tcm.engine.other_model import other_model
from tcm.errors import CheckpointError, ConfigError, shown
from tcm.files import whole, write_bytes
from tcm.inputs import ABSENT, nearest_file, shown_path, why_no_file
from tcm.registry import CONVERTERS, MODELS
from tcm.state_dicts import (
    SAFETENSORS,
    MisfitError,
    load_checked,
    read_safetensors,
    require_plain,
)
from tcm.structures import Config
from tcm.torch_files import load_torch
from tcm.yaml_files import check_tree

Rename = Callable[[str], str | None]

_RESUMABLE = {  # what Lightning resumes with
    "state_dict": dict,
    "optimizer_states": list,
    "callbacks": dict,
    "loops": dict,
    "epoch": int,
    "global_step": int,
}
_ABOUT = "tcm"  # what a checkpoint says about itself beside its tensors
_TEXT_CONSTANT = "backbone.text_constant"  # FastTCM, deployed


def read_checkpoint(
    path: str | Path, converter: str | None = None
) -> tuple[dict[str, Tensor], Config]:
    """Return a checkpoint's parameters under our names, and what else it holds under ``tcm``.

    Raises:
        CheckpointError: The file is missing, damaged or no checkpoint.
        ConfigError: An unknown converter.
    """
    _, state, extra = open_checkpoint(path)
    rename = CONVERTERS.get(converter, "converter") if converter else _strip_module
    return _renamed(state, rename, Path(path)), extra


def open_checkpoint(path: str | Path) -> tuple[dict[str, Any], dict[str, Tensor], Config]:
    """Return all that a checkpoint holds, its parameters under its own names, and its ``tcm``.

    Raises:
        CheckpointError: The file is missing, damaged or no checkpoint.
    """
    path = Path(path)
    why = why_no_file(path)
    if why:
        near = nearest_file(path, "*.ckpt") if why == ABSENT else ""
        raise CheckpointError(f"checkpoint {shown_path(path)} {why}{near}")
    content = _tensors(path) if path.suffix == SAFETENSORS else load_torch(path)
    state = _state_of(content)
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise CheckpointError(f"{path}: holds no state dict")
    require_plain(state, path)
    return content, state, _extra_of(content, path)


def _state_of(content: object) -> object:
    """Return what should be the state dict; it is under ``model`` in Detectron2's checkpoints."""
    if not isinstance(content, dict) or "state_dict" in content:
        return content["state_dict"] if isinstance(content, dict) else None
    return content["model"] if isinstance(content.get("model"), dict) else content


def _tensors(path: Path) -> dict[str, Any]:
    """Return the content of a file of safetensors as that of a checkpoint.

    Raises:
        CheckpointError: It is damaged.
    """
    state, metadata = read_safetensors(path, "readable checkpoint")
    try:
        about = json.loads(metadata.get(_ABOUT, "{}"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: damaged: its '{_ABOUT}' is no JSON") from error
    return {"state_dict": state, _ABOUT: about}


def is_deployed(state: Mapping[str, Tensor]) -> bool:
    """Tell whether parameters are those of a deployed FastTCM, without its text side."""
    return _TEXT_CONSTANT in state


def load_model(
    model_config: Config, path: str | Path, converter: str | None = None, fold: bool = True
) -> Model:
    """Build a model in its deployed form from a checkpoint; pretrained weights are not looked for.

    Args:
        model_config: The config's `model`.
        path: The checkpoint, of training or deployed.
        converter: Name of the converter of foreign parameter names; None for our own.
        fold: As of `Model.deploy`.

    Returns:
        The model in eval mode, without what inference does not need.

    Raises:
        CheckpointError: The checkpoint is missing or belongs to another model.
    """
    state, extra = read_checkpoint(path, converter)
    return deployed_model(model_config, state, str(path), extra, fold)


def deployed_model(
    model_config: Config,
    state: dict[str, Tensor],
    source: str,
    extra: Config | None = None,
    fold: bool = True,
) -> Model:
    """Build a model in its deployed form, as of `load_model`.

    Args:
        model_config: The config's `model`.
        state: Name, as ours, to tensor.
        source: Where the state comes from, for the error.
        extra: What else the checkpoint holds, as of `read_checkpoint`, for the error.
        fold: As of `Model.deploy`.

    Raises:
        CheckpointError: The parameters belong to another model.
    """
    model: Model = MODELS.build(without_pretrained(model_config), "model")
    if is_deployed(state):
        model.deploy(fold=False)
    _load(model, state, source, extra or {}, model_config)
    model.deploy(fold)
    return model.to(memory_format=torch.channels_last).eval()


def load_parameters(
    model: nn.Module,
    state: dict[str, Tensor],
    source: str,
    extra: Config | None = None,
    model_config: Config | None = None,
) -> None:
    """Load the parameters of a model that is trained on, strictly and in place.

    Args:
        model: What is loaded into.
        state: Name, as ours, to tensor.
        source: Where the state comes from, for the error.
        extra: What else the checkpoint holds, as of `read_checkpoint`, for the error.
        model_config: The config's `model`, for the error.

    Raises:
        CheckpointError: They do not fit, or they are those of a deployed FastTCM.
    """
    if is_deployed(state):
        raise CheckpointError(
            f"{source}: a deployed FastTCM; its text side is folded into a constant and can't be "
            "trained on; take best.ckpt or last.ckpt of its work dir"
        )
    _load(model, state, source, extra or {}, model_config or {})


def without_pretrained(model_config: Config) -> Config:
    """Return a copy of a model's config with every `pretrained` set to None."""
    if isinstance(model_config, dict):
        return {
            key: None if key == "pretrained" else without_pretrained(value)
            for key, value in model_config.items()
        }
    return model_config


def save_inference_checkpoint(
    model: Model, config: Config, path: str | Path, notes: Mapping[str, Any] | None = None
) -> int:
    """Write the checkpoint of a model's deployed form, not folded, without optimiser.

    Args:
        model: The model.
        config: What it was made by.
        path: The file.
        notes: What else goes under ``tcm``, such as `step`.

    Returns:
        The number of parameters and buffer values that it holds. `model` is left as it is.
    """
    deployed = copy.deepcopy(model).eval()
    deployed.deploy(fold=False)
    state = deployed.state_dict()
    name = name_of(config)
    about = {"config": written_form(config), **({"name": name} if name else {}), **(notes or {})}
    content: dict[str, Any] = {"state_dict": state, "tcm": about}
    write_checkpoint(content, path)
    return sum(value.numel() for value in state.values())


def write_safetensors(state: Mapping[str, Tensor], about: Config, path: str | Path) -> None:
    """Write an inference checkpoint as safetensors, its matrices and kernels in float16.

    What has one number a channel (biases, norms and their statistics) stays as it is: it is small,
    and variances may be too.

    Args:
        state: Name to tensor.
        about: What goes under ``tcm``, such as `config`.
        path: The file.

    Raises:
        OutputError: It cannot be written.
    """
    halved = {
        name: value.half().contiguous() if value.dim() > 1 and value.is_floating_point() else value
        for name, value in state.items()
    }
    metadata = {"format": "pt", _ABOUT: json.dumps(about, ensure_ascii=False)}
    write_bytes(path, save(halved, metadata))


def write_checkpoint(
    content: dict[str, Any], path: str | Path, previous: Path | None = None
) -> None:
    """Write a checkpoint whole or not at all.

    Args:
        content: What it holds.
        path: The file.
        previous: The name that what was there before gets then.

    Raises:
        OutputError: It cannot be written.
    """
    with whole(path, "wb", previous=previous) as file:
        try:
            torch.save(content, file)
        except RuntimeError as error:  # closing the archive fails as well, and hides the reason
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise


def _load(
    model: nn.Module, state: dict[str, Tensor], source: str, extra: Config, ours: Config
) -> None:
    """Load strictly; of a checkpoint of another config, say what it is of."""
    dropped: tuple[str, ...] = getattr(model, "training_only", ())
    if not any(name.startswith(dropped) for name in state):
        own = model.state_dict()
        state = state | {name: own[name] for name in own if name.startswith(dropped)}
    try:
        load_checked(model, state, source)
    except MisfitError as error:
        theirs = extra.get("config", {}).get("model")
        difference = other_model(theirs, ours) if theirs and ours else ""
        if not difference:
            raise
        raise CheckpointError(f"{source}: does not fit this model: {difference}") from error


def _renamed(state: Mapping[str, Tensor], rename: Rename, path: Path) -> dict[str, Tensor]:
    """Return a state dict under our names, without what a converter gives none.

    Raises:
        CheckpointError: Two entries have one name of ours.
    """
    renamed: dict[str, Tensor] = {}
    for name, value in state.items():
        ours = rename(name)
        if ours in renamed:
            raise CheckpointError(f"{path}: two entries have our name {shown(ours)}")
        if ours is not None:  # what gets no name has no part in our models
            renamed[ours] = value
    return renamed


def _extra_of(content: Mapping[str, Any], path: Path) -> Config:
    """Return what a checkpoint holds under ``tcm``.

    Raises:
        CheckpointError: It is not what we write there.
    """
    extra = content.get("tcm", {})
    config = extra.get("config", {}) if isinstance(extra, dict) else None
    if not isinstance(config, dict) or not isinstance(config.get("model", {}), dict):
        raise CheckpointError(f"{path}: damaged: its 'tcm' is no mapping with a config")
    try:
        check_tree(config, f"{path}: the config in it")
    except ConfigError as error:
        raise CheckpointError(str(error)) from error
    if "random_state" in extra:
        _require_resumable(content, extra, path)
    return extra


def _require_resumable(content: Mapping[str, Any], extra: Config, path: Path) -> None:
    """Refuse the checkpoint of a training in which something that a resumed one needs is wrong.

    Raises:
        CheckpointError: The text names it.
    """
    for key, kind in _RESUMABLE.items():
        if not isinstance(content.get(key), kind):
            raise CheckpointError(f"{path}: damaged: it has no '{key}' to resume with")
    if not isinstance(extra.get("step", 0), int):
        raise CheckpointError(f"{path}: damaged: its 'step' is no number")
    states = extra["random_state"]  # of each process, or of the only one
    states = states if isinstance(states, list) else [states]
    ours = torch.get_rng_state()
    for state in states:
        cpu = state.get("cpu") if isinstance(state, dict) else None
        if not isinstance(cpu, Tensor) or (cpu.dtype, cpu.shape) != (ours.dtype, ours.shape):
            raise CheckpointError(f"{path}: damaged: its 'random_state' is none of PyTorch's")


def _strip_module(name: str) -> str:
    return name.removeprefix("model.")
