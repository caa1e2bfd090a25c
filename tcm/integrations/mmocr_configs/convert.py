"""A config of MMOCR's five detectors as one of ours, and what has no counterpart."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tcm.errors import ConfigError
from tcm.integrations.mmocr_configs import pipelines, recipes
from tcm.integrations.mmocr_configs.models import convert_model
from tcm.integrations.mmocr_configs.python_config import read_python_config

_CONVERTERS = {"DBHead": "dbnet", "FCEHead": "fcenet", "PSEHead": "psenet", "PANHead": "panet"}


@dataclass
class Converted:
    """What `convert` returns.

    Attributes:
        config: Ours.
        lacking: What MMOCR's config says and ours cannot, a line each, its place first.
    """

    config: dict[str, Any]
    lacking: list[str]


def convert(path: str | Path) -> Converted:
    """Return our config for one of MMOCR 1.x.

    Args:
        path: The Python file; nothing in it is run.

    Raises:
        ConfigError: The file cannot be read as data, it is no config of a detector, or its detector
            has no counterpart here.
    """
    theirs = _with_lists(read_python_config(path))
    for key in ("model", "train_dataloader"):
        if key not in theirs:
            raise ConfigError(f"{path}: '{key}' is missing; a config of a detector is wanted")
    lacking: list[str] = []
    try:
        return Converted(_sections(theirs, lacking), lacking)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    except (TypeError, KeyError, IndexError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"{path}: a value is of a kind that MMOCR does not take there "
            f"({type(error).__name__}: {error})"
        ) from error


def _with_lists(value: Any) -> Any:
    """Return a tree with lists where it has tuples, as YAML has them."""
    if isinstance(value, dict):
        return {key: _with_lists(item) for key, item in value.items()}
    return [_with_lists(item) for item in value] if isinstance(value, list | tuple) else value


def _sections(theirs: dict[str, Any], lacking: list[str]) -> dict[str, Any]:
    model, targets, synchronised = convert_model(theirs["model"], lacking)
    optimizer, groups, trainer = recipes.optimizer(theirs.get("optim_wrapper"), lacking)
    trainer = recipes.loop(theirs.get("train_cfg"), lacking) | trainer
    if synchronised:
        trainer["sync_batchnorm"] = True
    data = {"num_workers": theirs["train_dataloader"].get("num_workers", 0)}
    for stage, loader in (("train", "train_dataloader"), ("val", "val_dataloader")):
        data[stage] = _stage(theirs.get(loader) or {}, targets, stage, lacking)
    config = {
        "model": model,
        "data": data,
        "evaluation": {"metrics": recipes.metrics(theirs.get("val_evaluator"), lacking)},
        "optimizer": optimizer,
        "schedule": recipes.schedule(theirs.get("param_scheduler"), trainer, lacking),
        **({"param_groups": groups} if groups else {}),
        "trainer": trainer,
    }
    return config | _start(theirs, model, lacking)


def _stage(
    loader: dict[str, Any], targets: dict[str, Any], stage: str, lacking: list[str]
) -> dict[str, Any]:
    place = f"{stage}_dataloader.dataset"
    outer = loader.get("dataset") or {}
    inner = outer
    while "datasets" in inner or "dataset" in inner:  # of a wrapper
        inner = inner.get("dataset") or inner["datasets"][0]
    pipeline = inner.get("pipeline") or outer.get("pipeline") or []
    made = (
        pipelines.training(pipeline, targets, f"{place}.pipeline", lacking)
        if stage == "train"
        else pipelines.testing(pipeline, f"{place}.pipeline", lacking)
    )
    return {
        "batch_size": loader.get("batch_size", 1),
        "dataset": pipelines.dataset(outer, pipeline, place, lacking),
        "pipeline": made,
    }


def _start(
    theirs: dict[str, Any], model: dict[str, Any], lacking: list[str]
) -> dict[str, dict[str, str]]:
    """Return the section `load_from` for a checkpoint of MMOCR's."""
    path = theirs.get("load_from")
    if not path:
        return {}
    if "://" in str(path):
        lacking.append(f"load_from: {path}: a file is wanted; download it and name it here")
        return {}
    converter = f"mmocr-{_CONVERTERS[model['head']['type']]}"
    return {"load_from": {"checkpoint": str(path), "converter": converter}}
