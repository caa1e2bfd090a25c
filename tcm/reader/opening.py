"""From a checkpoint or an exported folder to what runs it."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tcm import inputs
from tcm.errors import CheckpointError, ConfigError
from tcm.inference.objects.policy import ObjectPolicy
from tcm.inference.onnx.manifest import NAME
from tcm.inference.reading.runner import DetectorRunner, RecognizerRunner
from tcm.shipped import WEIGHTS
from tcm.structures import Config

if TYPE_CHECKING:
    from tcm.devices import Precision

Runner = DetectorRunner | RecognizerRunner


def open_runner(
    path: str | Path,
    config: str | Path | None = None,
    converter: str | None = None,
    device: str | None = None,
    precision: "Precision" = "auto",
    compile: bool = False,
    fold: bool = True,
    changes: Mapping[str, Any] | None = None,
) -> Runner:
    """Return what runs a model.

    Args:
        path: A checkpoint of ours, which carries its config; a foreign one, with `config` and
            `converter`; or a folder that `tcm export` wrote, which onnxruntime runs, or `tcm pack`.
            Of one with weights and graphs the graphs are run, unless onnxruntime is not installed
            or another device than the CPU, a precision or a change is asked for.
        config: A config file in place of the checkpoint's own.
        converter: Name of the converter of foreign parameter names.
        device: As of `choose_device`.
        precision: As of `tcm.devices`.
        compile: Whether the network is compiled, which takes minutes for each size of input.
        fold: Whether batch norms are folded into the convolutions before them.
        changes: Keys of the config's `model` to other values, such as ``decode_ar: false``.

    Raises:
        CheckpointError: It is missing, damaged, has no config or belongs to another model.
        ConfigError: The config, or a change of it, is wrong, or there is no such device.
    """
    if inputs.is_dir(path):
        plain = device in (None, "cpu") and precision in ("auto", "float32") and fold
        plain = plain and not (config or converter or compile or changes)
        weights = weights_of(path, plain)
        if weights is None:
            from tcm.inference.onnx import open_folder

            if config or converter or compile:
                raise ConfigError(f"{path}: exported graphs take no config, converter or compile")
            return open_folder(path, device=device, **(changes or {}))
        path = weights
    return _open_checkpoint(
        path, config, converter, device, precision, compile, fold, changes or {}
    )


def weights_of(folder: str | Path, graphs: bool = False) -> Path | None:
    """Return the weights in a model's folder; None if it has none, or its graphs are preferred.

    Args:
        folder: It is there.
        graphs: Whether its graphs would do as well.
    """
    path = Path(folder) / WEIGHTS
    has_graphs = inputs.is_file(Path(folder) / NAME)
    if graphs and has_graphs and find_spec("onnxruntime"):
        return None
    return path if inputs.is_file(path) else None


def _open_checkpoint(
    path: str | Path,
    config: str | Path | None,
    converter: str | None,
    device: str | None,
    precision: "Precision",
    compile: bool,
    fold: bool,
    changes: Mapping[str, Any],
) -> Runner:
    from tcm.config import load_config
    from tcm.devices import choose_device, resolve_precision, set_float32
    from tcm.engine.checkpoint import deployed_model, read_checkpoint
    from tcm.inference.compiled import compiled
    from tcm.reader.torch_runners import Place, runner_of

    where = choose_device(device)
    state, extra = read_checkpoint(path, converter)
    used = load_config(config) if config else config_of(extra, path)
    model_config = {**used["model"], **changes}
    place = Place(where, resolve_precision(precision, where))
    set_float32(place.precision == "tf32")
    model = deployed_model(model_config, state, str(path), extra, fold).to(where)
    if compile:
        model.forward = compiled(model.forward, where)  # type: ignore[method-assign]
    objects = ObjectPolicy.of_config(used.get("objects"))
    return runner_of(model, str(path), test_pipeline(used, path), place, objects)


def config_of(extra: Config, path: str | Path) -> Config:
    """Return the config that a checkpoint carries.

    Raises:
        CheckpointError: It carries none, or one that cannot be used.
    """
    from tcm.interpolation import resolved

    config = extra.get("config")
    if not config or "model" not in config:
        raise CheckpointError(
            f"{path}: carries no config; name its config, and the converter of a foreign one"
        )
    try:
        used = resolved(config, f"{path}: the config in it")
    except ConfigError as error:
        raise CheckpointError(str(error)) from error
    if used.get("imports"):
        _require_imported(used["imports"], path)
    return used


def _require_imported(names: Any, path: str | Path) -> None:
    """Refuse a checkpoint with parts of one's own that are not there: a file names no code to run.

    Raises:
        CheckpointError: One of the modules is not imported.
    """
    import sys

    for name in [names] if isinstance(names, str) else names:
        module = Path(str(name)).stem if str(name).endswith(".py") else str(name)
        if module not in sys.modules:
            raise CheckpointError(
                f"{path}: its model has parts of its own: import {module} first (or name its "
                "config, whose imports are followed)"
            )


def test_pipeline(config: Config, path: str | Path) -> list[dict[str, Any]]:
    """Return the transforms that a config tests with: of `data.test`, or of `data.val`.

    Raises:
        CheckpointError: It has neither.
    """
    data = config.get("data", {})
    stage = data.get("test") or data.get("val")
    if not stage:
        raise CheckpointError(f"{path}: its config has no data.test or data.val for the pipeline")
    return list(stage.get("pipeline") or [])
