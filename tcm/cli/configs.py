"""Reading a config for a command: everything registered, every mistake reported at once."""

import argparse
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tcm.config import load_config
from tcm.data.loading.datamodule import DataModule
from tcm.engine.optimizers import parameter_groups
from tcm.engine.trainer import TrainerConfig
from tcm.errors import ConfigError, nearest
from tcm.registry import (
    MODELS,
    OPTIMIZERS,
    SCHEDULES,
    TRANSFORMS,
    Registry,
    argument_mistakes,
    check,
)
from tcm.structures import Config

_WINGS = ("models", "data", "evaluation", "engine")
_SECTIONS = {
    "model",
    "data",
    "optimizer",
    "schedule",
    "param_groups",
    "trainer",
    "evaluation",
    "load_from",
}
_REQUIRED = ("model", "data", "evaluation")


def register_all() -> None:
    """Import every module of the wings, so that all names are registered."""
    for wing in _WINGS:
        package = importlib.import_module(f"tcm.{wing}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


def read_config(path: str, options: Sequence[str] = ()) -> Config:
    """Read a config and check it whole.

    Raises:
        ConfigError: With a line for every mistake.
    """
    register_all()
    config = load_config(path, options)
    mistakes = [
        f"{key}: unknown section{nearest(key, _SECTIONS)}" for key in config if key not in _SECTIONS
    ]
    mistakes += [f"{key}: the section is missing" for key in _REQUIRED if not config.get(key)]
    for key in _SECTIONS & set(config):
        mistakes += check(config[key], key, _registry(key))
    mistakes += _arguments(DataModule, config.get("data"), "data")
    mistakes += _arguments(TrainerConfig, config.get("trainer"), "trainer")
    mistakes += _arguments(parameter_groups, config.get("param_groups"), "param_groups")
    mistakes += _arguments(_evaluation, config.get("evaluation"), "evaluation")
    metrics = (config.get("evaluation") or {}).get("metrics")
    if config.get("evaluation") and not (isinstance(metrics, Mapping) and metrics):
        mistakes.append(f"evaluation.metrics: a mapping of metrics is wanted, got {metrics!r}")
    mistakes += _arguments(_load_from, config.get("load_from"), "load_from")
    mistakes += _charsets(config) if not mistakes else []
    if mistakes:
        head = f"{path}: {len(mistakes)} mistakes\n  " if len(mistakes) > 1 else f"{path}: "
        raise ConfigError(head + "\n  ".join(mistakes))
    return config


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that all commands with a config share."""
    parser.add_argument("config", help="config file, such as configs/quickstart.yaml")
    parser.add_argument(
        "--cfg-options",
        nargs="*",
        default=[],
        metavar="KEY=VALUE",
        help="override config keys, such as trainer.max_steps=100 data.train.batch_size=4",
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def _registry(section: str) -> Registry:
    return {"optimizer": OPTIMIZERS, "schedule": SCHEDULES}.get(section, MODELS)


def _arguments(entry: Callable[..., Any], section: Any, path: str) -> list[str]:
    if section is None:
        return []
    if not isinstance(section, Mapping):
        return [f"{path}: a mapping is wanted, got {section!r}"]
    name = entry.__name__.lstrip("_")
    return argument_mistakes(entry, list(section), path, name)


def _charsets(config: Config) -> list[str]:
    """Return a line if the targets and the model number the characters differently.

    Either may leave the charset to its default, which counts then.
    """
    pipeline = (config["data"].get("train") or {}).get("pipeline") or []
    made = [
        (f"data.train.pipeline.{i}", _charset(TRANSFORMS, transform))
        for i, transform in enumerate(pipeline)
    ]
    model, path = config["model"], "model"
    if "head" in model:
        model, path = model["head"].get("recognizer", {}), "model.head.recognizer"
    learnt = _charset(MODELS, model) if "type" in model else None
    return [
        f"{path}.charset is {learnt!r} and {place}.charset {charset!r}; they must be the same"
        for place, charset in made
        if None not in (charset, learnt) and str(charset) != str(learnt)
    ]


def _charset(registry: Registry, entry: Config) -> Any:
    """Return the argument `charset` of a registered class, or its default; None if it has none."""
    parameter = inspect.signature(registry.get(entry["type"])).parameters.get("charset")
    return None if parameter is None else entry.get("charset", parameter.default)


def _evaluation(metrics: Mapping[str, Config]) -> None:
    """Take what the section `evaluation` may hold."""


def _load_from(checkpoint: str, converter: str | None = None) -> None:
    """Take what the section `load_from` may hold."""
