"""``tools/benchmark.py model|data|decode|memory|annotations``: what models and data cost."""

import argparse
import json
import platform
from pathlib import Path

import torch

from tcm.cli import benchmark_annotations, benchmark_decode, benchmark_memory
from tcm.cli.configs import read_config
from tcm.cli.parsers.benchmark import parse
from tcm.cli.synthetic_batch import synthetic_batch, synthetic_words
from tcm.data.loading.datamodule import DataModule
from tcm.data.loading.pipeline import Pipeline, worker_init
from tcm.data.loading.profile import profile_pipeline
from tcm.devices import choose_device
from tcm.engine.checkpoint import without_pretrained
from tcm.errors import ConfigError
from tcm.inference.profile import (
    DetectorSubject,
    Profile,
    RecognizerSubject,
    Subject,
    cuda_peak_mib,
    process_peak_mib,
    profile_in_turn,
)
from tcm.models.recognizers.recognizer import TextRecognizer
from tcm.registry import MODELS, build

# In the order of the table: of detectors and spotters, of recognizers, of all.
_PARTS = ("trunk", "prompting", "neck", "head", "encoder", "text encoder", "decoder", "decoding")
_SIZE = (736, 1280)  # of scenes


def main(arguments: list[str]) -> int:
    """Run the command."""
    args = parse(arguments)
    run = {"model": _model, "data": _data, "decode": benchmark_decode.decode}
    run["memory"] = benchmark_memory.memory
    run["annotations"] = benchmark_annotations.annotations
    return run[args.command](args)


def _model(args: argparse.Namespace) -> int:
    if args.threads:
        torch.set_num_threads(args.threads)
    device = choose_device(args.device)
    size = tuple(args.size) if args.size else None
    if size and any(side < 32 or side % 32 for side in size):
        raise ConfigError(f"--size {size[0]} {size[1]}: multiples of 32 are wanted")
    subjects = [_subject(path, size, args.batch, args.words, device) for path in args.configs]
    if len({type(subject) for subject in subjects}) > 1:
        raise ConfigError("detectors read scenes and recognizers crops: time them in two calls")
    with torch.autocast(device.type, torch.bfloat16, enabled=args.amp):
        profiles = profile_in_turn(subjects, args.rounds, args.warmup)
        if device.type == "cuda":
            for subject in subjects:
                subject.profile.peak_mib = cuda_peak_mib(subject)
    if device.type == "cpu":
        for subject, path in zip(subjects, args.configs, strict=True):
            subject.profile.peak_mib = process_peak_mib(_run_once, path, size, args.batch)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    precision = "bf16 autocast" if args.amp else "float32"
    height, width = subjects[0].images.shape[2:]
    print(
        f"{name}, {precision}, batch {args.batch}, {height}x{width}, median of {args.rounds} "
        f"runs in turn, {torch.get_num_threads()} threads, torch {torch.__version__}"
    )
    print(_table(profiles, args.batch))
    if args.json:
        _write(args.json, profiles)
    return 0


def _data(args: argparse.Namespace) -> int:
    config = read_config(args.config, args.cfg_options)
    module = build(DataModule, config["data"], "data")
    pipeline = Pipeline(module.dataset("train"), config["data"]["train"]["pipeline"])
    worker_init(0)
    stages = profile_pipeline(pipeline, args.images, config["data"]["train"]["batch_size"])
    total = sum(stages.values())
    print(f"{args.images / total:.0f} images/s on one core ({args.images} images, {args.config})")
    kinds: dict[str, float] = {}
    for name, seconds in stages.items():
        group = name.partition(":")[0]
        kinds[group] = kinds.get(group, 0.0) + seconds
    print(", ".join(f"{name} {seconds / total:.0%}" for name, seconds in kinds.items()))
    print("| stage | ms an image | share |\n| --- | ---: | ---: |")
    for name, seconds in stages.items():
        print(f"| {name} | {seconds / args.images * 1e3:.2f} | {seconds / total:.1%} |")
    if args.json:
        ms = {name: seconds / args.images * 1e3 for name, seconds in stages.items()}
        args.json.write_text(json.dumps(ms, indent=1) + "\n", encoding="utf-8")
    return 0


def _subject(
    path: str, size: tuple[int, int] | None, batch: int, words: int, device: torch.device
) -> Subject:
    config = read_config(path)
    name = Path(path).stem
    model = MODELS.build(without_pretrained(config["model"]), "model")
    if not isinstance(model, TextRecognizer):
        data = synthetic_batch(config, size or _SIZE, batch, words)
        return DetectorSubject(name, model, data.images.to(device), data.targets)
    if size:
        raise ConfigError(
            f"--size: {path} is of a recognizer, whose crops have a size of their own"
        )
    return RecognizerSubject(name, model, synthetic_words(config, batch).images.to(device))


def _run_once(path: str, size: tuple[int, int] | None, batch: int) -> None:
    """Build a config's model and run it once; called in a process of its own."""
    _subject(path, size, batch, 1, torch.device("cpu")).forward()


def _table(profiles: list[Profile], batch: int) -> str:
    parts = [part for part in _PARTS if any(part in profile.parts_ms for profile in profiles)]
    heads = ["config", "ms", "ratio", "images/s"]
    heads += [*(f"{part} ms" for part in parts), "M params", "peak MiB"]
    rows = [heads, ["---"] + ["---:"] * (len(heads) - 1)]
    first = profiles[0].median()
    for profile in profiles:
        total = profile.median()
        rows.append(
            [
                profile.name,
                f"{total:.1f}",
                f"{total / first:.3f}",
                f"{batch * 1e3 / total:.2f}",
                *(_cell(profile, part) for part in parts),
                f"{profile.parameters / 1e6:.1f}",
                f"{profile.peak_mib:.0f}",
            ]
        )
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _cell(profile: Profile, part: str) -> str:
    return f"{profile.median(part):.1f}" if part in profile.parts_ms else "-"


def _write(path: Path, profiles: list[Profile]) -> None:
    content = [
        {
            "name": p.name,
            "parameters": p.parameters,
            "peak_mib": p.peak_mib,
            "total_ms": p.total_ms,
            "parts_ms": p.parts_ms,
        }
        for p in profiles
    ]
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
