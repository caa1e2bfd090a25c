"""Reading a config for a command: every mistake reported at once."""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from tcm.charset import Charset, CharsetConfig
from tcm.cli.delete_hint import with_delete_hint
from tcm.config import kept_arguments, load_config
from tcm.data.loading.datamodule import DataModule
from tcm.engine.optimizers import parameter_groups
from tcm.engine.trainer import TrainerConfig
from tcm.errors import ConfigError, nearest, shown
from tcm.inference.objects.policy import ObjectPolicy
from tcm.registry import (
    METRICS,
    MODELS,
    OPTIMIZERS,
    SCHEDULES,
    TRANSFORMS,
    Arguments,
    Built,
    Registry,
    mistakes_of,
)
from tcm.structures import Config


def _evaluation(metrics: Annotated[Mapping[str, Config], Built(METRICS)]) -> None:
    """Take what the section `evaluation` may hold."""


def _load_from(checkpoint: str, converter: str | None = None) -> None:
    """Take what the section `load_from` may hold."""


def _sections(
    model: Annotated[Config, Built(MODELS)],
    data: Annotated[Config, Arguments(DataModule, ("seed", "data_fraction", "data_seed"))],
    evaluation: Annotated[Config, Arguments(_evaluation)],
    optimizer: Annotated[Config | None, Built(OPTIMIZERS, ("params",))] = None,
    schedule: Annotated[Config | None, Built(SCHEDULES)] = None,
    param_groups: Annotated[Config | None, Arguments(parameter_groups, ("model", "lr"))] = None,
    trainer: Annotated[Config | None, Arguments(TrainerConfig)] = None,
    load_from: Annotated[Config | None, Arguments(_load_from)] = None,
    objects: Annotated[Config | None, Arguments(ObjectPolicy)] = None,
    imports: Sequence[str] = (),
) -> None:
    """Take what a config may hold."""


def read_config(path: str, options: Sequence[str] = (), over: Sequence[str | Path] = ()) -> Config:
    """Read a config and check it whole; the arguments are those of `load_config`.

    Raises:
        ConfigError: With a line for every mistake.
    """
    config = load_config(path, options, over)
    known = inspect.signature(_sections).parameters
    mistakes = [
        f"{key if key.isprintable() else shown(key)}: unknown section{nearest(key, known)}"
        for key in config
        if key not in known
    ]
    required = [key for key in known if known[key].default is inspect.Parameter.empty]
    mistakes += [f"{key}: the section is missing" for key in required if not config.get(key)]
    sections = {key: value for key, value in config.items() if key in known and value}
    mistakes += mistakes_of(_sections, sections, "", given=None)
    evaluation = config.get("evaluation")
    if isinstance(evaluation, Mapping) and evaluation.get("metrics") == {}:
        mistakes.append("evaluation.metrics: at least one metric is wanted")
    mistakes += _charsets(config) if not mistakes else []
    if mistakes:
        mistakes = with_delete_hint(mistakes, kept_arguments(path, options, over))
        if len(mistakes) == 1:
            raise ConfigError(f"{path}: {mistakes[0]}")
        head = f"{path}: {len(mistakes)} mistakes"
        raise ConfigError(head, *(f"  {mistake}" for mistake in mistakes))
    return config


def _charsets(config: Config) -> list[str]:
    """Return a line if the targets and the model number the characters differently.

    Either may leave the charset to its default, which counts then.
    """
    train = config["data"].get("train") or {}
    pipelines = {"data.train.pipeline": train.get("pipeline") or []}
    for i, part in enumerate(train.get("dataset", {}).get("parts", ())):  # of a mix
        pipelines[f"data.train.dataset.parts.{i}.pipeline"] = part.get("pipeline") or []
    made = [
        (f"{place}.{i}", _charset(TRANSFORMS, transform))
        for place, pipeline in pipelines.items()
        for i, transform in enumerate(pipeline)
    ]
    model, path = config["model"], "model"
    if "head" in model:
        model, path = model["head"], "model.head"
    if "recognizer" in model:
        model, path = model["recognizer"], f"{path}.recognizer"
    learnt = _charset(MODELS, model) if "type" in model else None
    if learnt is None:
        return []
    wanted = _numbering(learnt)
    return [
        f"{path}.charset is {shown(learnt)} and {place}.charset {shown(charset)}; they must be the "
        "same"
        for place, charset in made
        if charset is not None and _numbering(charset) != wanted
    ]


def _numbering(charset: CharsetConfig) -> tuple[str, str]:
    """Return what decides the classes of a charset's characters."""
    built = Charset.build(charset)
    return built.characters, built.specials


def _charset(registry: Registry, entry: Config) -> Any:
    """Return the argument `charset` of a registered class, or its default; None if it has none."""
    parameter = inspect.signature(registry.get(entry["type"])).parameters.get("charset")
    return None if parameter is None else entry.get("charset", parameter.default)
