"""What a checkpoint says about itself."""

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tcm.engine.checkpoint import is_deployed, open_checkpoint


def about_checkpoint(path: str | Path) -> dict[str, Any]:
    """Return what a checkpoint holds, in plain values.

    Returns:
        `config`: the config's name; `model`: its types; `tensors` and `values`: how many;
        `types`: of the values, the most frequent first; `form`: what it is good for; `step`;
        `metrics`: name to the best value; `best_step`: where that was; `bytes` and `written`,
        seconds since 1970, of the file. What is not said is None or empty.

    Raises:
        CheckpointError: The file is missing, damaged or no checkpoint.
    """
    path = Path(path)
    content, state, extra = open_checkpoint(path)
    config = extra.get("config", {})
    sizes: Counter[str] = Counter()
    for value in state.values():
        sizes[str(value.dtype).removeprefix("torch.")] += value.numel()
    name, metrics, best_step = extra.get("name"), *_best(content, extra)
    file = path.stat()
    return {
        "config": name if isinstance(name, str) else None,
        "model": _types(config.get("model", {})),
        "tensors": len(state),
        "values": sum(sizes.values()),
        "types": [kind for kind, _ in sizes.most_common()],
        "form": _form(extra, is_deployed(state)),
        "step": _number(content.get("global_step", extra.get("step"))),
        "metrics": metrics,
        "best_step": best_step,
        "bytes": file.st_size,
        "written": file.st_mtime,
    }


def _form(extra: Mapping[str, Any], deployed: bool) -> str:
    if "random_state" in extra:
        return "of a training, which can go on from it"
    if deployed:
        return "deployed: for inference, its text side is a constant"
    return "for inference" if extra else "parameters alone"


def _types(model: Mapping[str, Any]) -> str:
    """Return a model's type and those of its parts: ``Detector (backbone FastTCM, ...)``."""
    parts = [
        f"{key} {part['type']}"
        for key, part in model.items()
        if isinstance(part, Mapping) and isinstance(part.get("type"), str)
    ]
    kind = model.get("type")
    return f"{kind} ({', '.join(parts)})" if parts else str(kind or "")


def _best(
    content: Mapping[str, Any], extra: Mapping[str, Any]
) -> tuple[dict[str, float], int | None]:
    """Return the best figure by its name and its step, as of `Checkpoints` or of an export."""
    callbacks = content.get("callbacks")
    state = callbacks.get("Checkpoints") if isinstance(callbacks, Mapping) else None
    if not isinstance(state, Mapping):
        state = extra.get("best")
    if not isinstance(state, Mapping):
        return {}, None
    name, value = state.get("figure"), state.get("best_value")
    if not (isinstance(name, str) and name and isinstance(value, float) and math.isfinite(value)):
        return {}, None
    return ({name: value}, _number(state.get("best_step"))) if value >= 0 else ({}, None)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
