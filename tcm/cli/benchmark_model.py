"""``tcm benchmark model CONFIG...``: what forward passes and training steps cost."""

import argparse
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from tcm.cli.configs import read_config
from tcm.cli.synthetic_batch import batch_maker, synthetic_batch, synthetic_words
from tcm.cli.terminal import say
from tcm.devices import choose_device
from tcm.engine.checkpoint import without_pretrained
from tcm.engine.optimizers import parameter_groups
from tcm.errors import ConfigError
from tcm.inference.profile import (
    DetectorSubject,
    Profile,
    RecognizerSubject,
    Subject,
    Timed,
    counts_cpu_time,
    cuda_peak_mib,
    process_peak_mib,
    profile_in_turn,
)
from tcm.inference.profile_training import TrainingSubject
from tcm.inference.variants import Variant
from tcm.models.recognizers.recognizer import TextRecognizer
from tcm.registry import MODELS, OPTIMIZERS
from tcm.structures import Config

# In the order of the table: of detectors and spotters, of recognizers, of all, of training.
_PARTS = ("data", "trunk", "prompting", "neck", "head", "encoder", "text encoder", "decoder",
          "decoding", "losses", "backward", "optimiser")  # fmt: skip
_SIZE = (736, 1280)  # of scenes
_TRAINING_SIZE = (640, 640)


@dataclass(frozen=True)
class Case:
    """What is timed.

    Attributes:
        path: The config.
        size: Height and width of scenes in pixels; None for the usual ones.
        batch: Images.
        words: Words in each.
        device: Where it runs.
        variant: Precision, folding and compilation.
    """

    path: str
    size: tuple[int, int] | None
    batch: int
    words: int
    device: torch.device
    variant: Variant


def model(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Run the command and return every timing."""
    if args.threads:
        torch.set_num_threads(args.threads)
    device = choose_device(args.device)
    size = tuple(args.size) if args.size else None
    if size and any(side < 32 or side % 32 for side in size):
        raise ConfigError(f"--size {size[0]} {size[1]}: multiples of 32 are wanted")
    cases = [
        Case(path, size, args.batch, args.words, device, variant)
        for path in args.configs
        for variant in _variants(args)
    ]
    make = training_subject if args.train else subject
    subjects = [make(case) for case in cases]
    if len({type(s) for s in subjects}) > 1:
        raise ConfigError("detectors read scenes and recognizers crops: time them in two calls")
    profiles = profile_in_turn(subjects, args.rounds, args.warmup)
    for timed, case in zip(subjects, cases, strict=True):
        if device.type == "cuda":
            timed.profile.peak_mib = cuda_peak_mib(_run(timed))
        elif not case.variant.compile:  # to compile once more takes minutes
            timed.profile.peak_mib = process_peak_mib(_run_once, make, replace(case, words=1))
    say(_head(args, device, subjects[0]))
    say(*_table(profiles, args.batch).splitlines())
    return _timings(profiles)


def _variants(args: argparse.Namespace) -> list[Variant]:
    """Return what each config is run as.

    Raises:
        ConfigError: Both kinds of options are given, or a variant that training does not have.
    """
    if args.variants and (args.amp or args.compile or args.fold is not None):
        raise ConfigError("--variants says itself what is on: leave out --amp, --compile, --fold")
    fold = not args.train if args.fold is None else args.fold  # as `test` and `infer` do
    given = [Variant(args.amp, fold, args.compile)]
    variants = [Variant.parse(text) for text in args.variants or ()] or given
    if args.train and any(variant.fold for variant in variants):
        raise ConfigError("--train: batch norms are folded for inference alone")
    return variants


def subject(case: Case) -> Subject:
    """Return a config's deployed model and the images that it is timed on.

    Raises:
        ConfigError: A size is given for a recognizer.
    """
    config = read_config(case.path)
    name = _name(case)
    model = MODELS.build(without_pretrained(config["model"]), "model")
    if not isinstance(model, TextRecognizer):
        data = synthetic_batch(config, case.size or _SIZE, case.batch, case.words)
        return DetectorSubject(name, model, data.images.to(case.device), case.variant, data.targets)
    if case.size:
        raise ConfigError(
            f"--size: {case.path} is of a recognizer, whose crops have a size of their own"
        )
    images = synthetic_words(config, case.batch).images.to(case.device)
    return RecognizerSubject(name, model, images, case.variant)


def training_subject(case: Case) -> TrainingSubject:
    """Return a config's model in training, its optimiser and the batch that it is timed on.

    Raises:
        ConfigError: It is a recognizer, or the config has no optimizer.
    """
    config = read_config(case.path)
    if "backbone" not in config["model"] or not config.get("optimizer"):
        raise ConfigError(f"{case.path}: --train times detectors and spotters with an optimizer")
    model = MODELS.build(without_pretrained(config["model"]), "model").train()
    model.to(case.device, memory_format=torch.channels_last)
    size = case.size or _TRAINING_SIZE
    data = synthetic_batch(config, size, case.batch, case.words).to(case.device)
    make = batch_maker(config, _SIZE, case.batch, case.words)
    optimizer = _optimizer(config, model)
    name = _name(case)
    return TrainingSubject(name, model, data.images, data.targets, optimizer, make, case.variant)


def _optimizer(config: Config, model: torch.nn.Module) -> torch.optim.Optimizer:
    groups = parameter_groups(
        model, config["optimizer"]["lr"], **(config.get("param_groups") or {})
    )
    return OPTIMIZERS.build(config["optimizer"], "optimizer", params=groups)


def _name(case: Case) -> str:
    return f"{Path(case.path).stem} {case.variant}"


def _run(timed: Timed) -> Callable[[], None]:
    return timed.step if isinstance(timed, TrainingSubject) else timed.forward  # type: ignore[attr-defined]


def _run_once(make: Callable[[Case], Timed], case: Case) -> None:
    """Build a config's model and run it once; called in a process of its own."""
    _run(make(case))()


def _head(args: argparse.Namespace, device: torch.device, first: Timed) -> str:
    """Return what the figures are of."""
    cuda = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if cuda else platform.machine()
    height, width = first.images.shape[2:]
    what = "training step" if args.train else "forward pass and decoding"
    clock = "ms of CPU time" if counts_cpu_time(device) else "ms"
    launches = "kernels" if cuda else "operators but views"
    return (
        f"{name}, {what}, batch {args.batch}, {height}x{width}, {clock}, median of {args.rounds} "
        f"runs in turn, {torch.get_num_threads()} threads, torch {torch.__version__}; GFLOPs, "
        f"launches ({launches}) and waits of one uncompiled {'step' if args.train else 'pass'}"
    )


def _table(profiles: Sequence[Profile], batch: int) -> str:
    parts = [part for part in _PARTS if any(part in profile.parts_ms for profile in profiles)]
    heads = ["config", "ms", "ratio", "images/s", *(f"{part} ms" for part in parts)]
    heads += ["GFLOPs", "launches", "waits", "M params", "peak MiB"]
    rows = [heads, ["---"] + ["---:"] * (len(heads) - 1)]
    rows += [_row(profile, profiles[0].median(), parts, batch) for profile in profiles]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _row(profile: Profile, first: float, parts: Sequence[str], batch: int) -> list[str]:
    total, counts = profile.median(), profile.counts
    assert counts is not None, "counted behind the timings"
    return [
        profile.name,
        f"{total:.1f}",
        f"{total / first:.3f}",
        f"{batch * 1e3 / total:.2f}",
        *(f"{profile.median(p):.1f}" if p in profile.parts_ms else "-" for p in parts),
        f"{counts.gflops:.1f}",
        str(counts.launches),
        str(counts.waits),
        f"{profile.parameters / 1e6:.1f}",
        f"{profile.peak_mib:.0f}" if profile.peak_mib else "-",
    ]


def _timings(profiles: Sequence[Profile]) -> list[dict[str, Any]]:
    return [
        {
            "name": p.name,
            "parameters": p.parameters,
            "peak_mib": p.peak_mib,
            "total_ms": p.total_ms,
            "parts_ms": p.parts_ms,
            **({} if p.counts is None else vars(p.counts)),
        }
        for p in profiles
    ]
