"""``tcm benchmark COMMAND``: what models and data cost."""

import argparse
from collections.abc import Callable
from typing import Any

from tcm.cli import (
    benchmark_annotations,
    benchmark_decode,
    benchmark_memory,
    benchmark_model,
    benchmark_peers,
    benchmark_read,
    benchmark_words,
)
from tcm.cli.configs import read_config
from tcm.cli.outputs import Outputs
from tcm.cli.parsers.benchmark import parse
from tcm.cli.terminal import say
from tcm.data.loading.datamodule import DataModule
from tcm.data.loading.pipeline import Pipeline, keep_to_one_core
from tcm.data.loading.profile import profile_pipeline
from tcm.files import write_json
from tcm.registry import build


def main(arguments: list[str]) -> int:
    """Run the command."""
    args = parse(arguments)
    run: dict[str, Callable[[argparse.Namespace], Any]] = {
        "model": benchmark_model.model,
        "peers": benchmark_peers.peers,
        "data": _data,
        "decode": benchmark_decode.decode,
        "memory": benchmark_memory.memory,
        "annotations": benchmark_annotations.annotations,
        "read": benchmark_read.read,
        "words": benchmark_words.words,
    }
    outputs = Outputs(getattr(args, "configs", []))
    file = getattr(args, "json", None)  # memory writes none
    if file:
        outputs.file("--json", file)
    figures = run[args.command](args)
    if file:
        with outputs.writing(file) as path:
            write_json(path, figures)
    return 0


def _data(args: argparse.Namespace) -> dict[str, float]:
    config = read_config(args.config, args.cfg_options)
    module = build(DataModule, config["data"], "data")
    pipeline = Pipeline(module.dataset("train"), config["data"]["train"]["pipeline"])
    keep_to_one_core()
    stages = profile_pipeline(pipeline, args.images, config["data"]["train"]["batch_size"])
    total = sum(stages.values())
    say(f"{args.images / total:.0f} images/s on one core ({args.images} images, {args.config})")
    kinds: dict[str, float] = {}
    for name, seconds in stages.items():
        group = name.partition(":")[0]
        kinds[group] = kinds.get(group, 0.0) + seconds
    say(", ".join(f"{name} {seconds / total:.0%}" for name, seconds in kinds.items()))
    say("| stage | ms an image | share |", "| --- | ---: | ---: |")
    for name, seconds in stages.items():
        say(f"| {name} | {seconds / args.images * 1e3:.2f} | {seconds / total:.1%} |")
    return {name: seconds / args.images * 1e3 for name, seconds in stages.items()}
