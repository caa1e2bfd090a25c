"""MMOCR's optimiser, schedule, loop and metric in ours."""

from collections.abc import Mapping
from typing import Any

from tcm.errors import shown
from tcm.integrations.mmocr_configs.parts import Part

Config = dict[str, Any]
_OPTIMIZERS = ("SGD", "Adam", "AdamW")


def optimizer(values: Any, lacking: list[str]) -> tuple[Config, Config, Config]:
    """Return the sections `optimizer` and `param_groups`, and what `trainer` gets of it."""
    wrapper = Part(values or {}, "optim_wrapper", lacking)
    inner = wrapper.part("optimizer")
    kind = inner.kind if inner.kind in _OPTIMIZERS else "SGD"
    if kind != inner.kind:
        inner.lack(f"type={shown(inner.kind)}", "SGD stands in its place")
    names = ("lr", "momentum", "weight_decay", "betas", "eps", "nesterov")
    converted = {"type": kind, "lr": inner.take("lr", 1e-3), **inner.renamed({n: n for n in names})}
    if kind == "SGD":
        converted.setdefault("momentum", 0.0)
    inner.done()
    trainer: Config = {}
    if wrapper.kind == "AmpOptimWrapper":
        trainer["precision"] = "16-mixed"
        wrapper.ignore("dtype", "loss_scale")
    clip = wrapper.part("clip_grad")
    trainer |= clip.renamed({"max_norm": "gradient_clip"})
    clip.done()
    trainer |= wrapper.renamed({"accumulative_counts": "accumulate"})
    groups: Config = {}
    if str(wrapper.take("constructor", "")).endswith("ParameterGroups"):
        groups = dict(wrapper.take("paramwise_cfg") or {})
    wrapper.done()
    return converted, groups, trainer


def loop(values: Any, lacking: list[str]) -> Config:
    """Return what `trainer` gets of ``train_cfg``."""
    part = Part(values or {}, "train_cfg", lacking)
    by_steps = part.kind == "IterBasedTrainLoop"
    unit = "steps" if by_steps else "epochs"
    names = {"max_iters": "max_steps", "max_epochs": "max_epochs"}
    found = {name: value for name, value in part.renamed(names).items() if value is not None}
    interval = part.take("val_interval")
    part.ignore("val_begin", "dynamic_intervals")
    part.expect(type="IterBasedTrainLoop" if by_steps else "EpochBasedTrainLoop")
    part.done()
    return found | ({f"val_every_{unit}": interval} if interval else {})


def schedule(values: Any, trainer: Mapping[str, Any], lacking: list[str]) -> Config:
    """Return the section `schedule`; a warm-up over epochs has no counterpart."""
    given = values if isinstance(values, list | tuple) else [values] if values else []
    parts = [Part(value, f"param_scheduler.{i}", lacking) for i, value in enumerate(given)]
    converted: Config = {"type": "Constant"}
    length = trainer.get("max_epochs") or trainer.get("max_steps")
    for part in parts:
        by_epoch = part.take("by_epoch", True)
        if part.kind == "LinearLR":
            converted |= _warmup(part, by_epoch)
        elif part.kind in ("PolyLR", "MultiStepLR", "StepLR"):
            begin, end = part.take("begin", 0), part.take("end", length)
            kept = {key: value for key, value in converted.items() if key.startswith("warmup")}
            converted = {**_curve(part, length, end), **kept}
            if part.kind != "PolyLR":
                begin = 0
            if begin or (part.kind == "PolyLR" and end != length):
                span = f"from {begin} to {end} of {length}"
                part.lack(span, "the schedule goes over the whole run")
            if converted["type"] == "Poly" and by_epoch:
                converted["by_epoch"] = True
        elif part.kind != "ConstantLR":
            part.lack(f"type={shown(part.kind)}", "no counterpart, left out")
        part.ignore("type", "begin", "end", "factor")
        part.done()
    return converted


def _warmup(part: Part, by_epoch: bool) -> Config:
    end, factor = part.take("end"), part.take("start_factor", 1 / 3)
    if by_epoch:
        text = f"schedule.warmup_steps is in steps, {end} times the images over the batch size"
        part.lack(f"LinearLR over {end} epochs", text)
        return {}
    return {"warmup_steps": end, "warmup_factor": factor}


def _curve(part: Part, length: Any, end: Any) -> Config:
    if part.kind == "PolyLR":
        return {
            "type": "Poly",
            "power": part.take("power", 1),
            "min_lr": part.take("eta_min", 0.0),
        }
    if part.kind == "StepLR":
        step = part.take("step_size")
        points = list(range(step, end or length, step))
    else:
        points = part.take("milestones")
    shares = [round(point / length, 6) for point in points]
    return {"type": "MultiStep", "milestones": shares, "gamma": part.take("gamma", 0.1)}


def metrics(values: Any, lacking: list[str]) -> Config:
    """Return the metrics of `evaluation`."""
    given = values if isinstance(values, list | tuple) else [values]
    for i, value in enumerate(given):
        part = Part(value or {}, f"val_evaluator.{i}", lacking)
        if part.kind == "HmeanIOUMetric":
            names = ("match_iou_thr", "ignore_precision_thr", "pred_score_thrs", "strategy")
            converted = {"type": "HmeanSweep", **part.renamed({n: n for n in names})}
            part.ignore("prefix", "collect_device")
            part.done()
            return {"hmean_sweep": converted}
        if part.kind:
            part.lack(f"type={shown(part.kind)}", "HmeanSweep stands in its place")
    return {"hmean_sweep": {"type": "HmeanSweep"}}
