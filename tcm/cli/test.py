"""``tools/test.py CONFIG CKPT``: score a checkpoint, write predictions, submission and pictures."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.progress import track

from tcm.cli.configs import read_config
from tcm.cli.network import load_network
from tcm.cli.parsers.test import parse
from tcm.data.datasets.dataset import paths_of
from tcm.data.loading.datamodule import DataModule
from tcm.data.loading.preflight import check_sets
from tcm.engine.trainer import quieten
from tcm.errors import ConfigError, nearest
from tcm.evaluation.files.unified import write_predictions
from tcm.evaluation.scores import Result, check_names
from tcm.files import make_folder, write_json
from tcm.inference.predict import predict
from tcm.inference.visualize import draw, write_image
from tcm.registry import METRICS, build
from tcm.structures import Sample, TextInstances

_TEST_SETS = Path(__file__).resolve().parents[2] / "configs/_base_/test_sets"


def main(arguments: list[str]) -> int:
    """Run the command."""
    args = parse(arguments)
    quieten()
    test_set = [_test_set(args.test_set)] if args.test_set else []
    config = read_config(args.config, args.cfg_options, test_set)
    for file in filter(None, (args.scores, args.save_predictions, args.submission)):
        make_folder(Path(file).parent)
    metrics = {name: METRICS.build(m) for name, m in config["evaluation"]["metrics"].items()}
    writer = _submission_writer(metrics) if args.submission else None
    data = build(DataModule, config["data"], "data")
    check_sets(data, ("test",), args.limit)
    loader = data.test_dataloader(args.limit)
    check_names(metrics, paths_of(data.dataset("test"))[: args.limit], bool(writer))
    model, device, precision = load_network(config["model"], args)
    found = predict(model, loader, device, precision=precision)
    total = min(args.limit or data.length("test"), data.length("test"))
    pairs = sorted(track(found, "testing", total=total), key=lambda pair: pair[0].index)
    samples = [sample for sample, _ in pairs]
    predictions = [prediction for _, prediction in pairs]
    paths = [sample.path for sample in samples]
    scores = {
        name: metric.evaluate(predictions, [s.instances for s in samples], paths)
        for name, metric in metrics.items()
    }
    _write(args, data, samples, predictions, scores)
    if writer:
        writer(args.submission, paths, predictions)
    if precision != "float32":
        print(f"network in {precision} on {device}")
    _report(Path(args.config).stem, scores)
    return 0


def _test_set(name: str) -> Path:
    """Return the file of a test set.

    Raises:
        ConfigError: There is none of this name.
    """
    if Path(name).suffix == ".yaml":
        return Path(name)  # whose absence is an error of reading it
    known = {file.stem: file for file in _TEST_SETS.glob("*.yaml")}
    if name not in known:
        raise ConfigError(f"--test-set: unknown '{name}'{nearest(name, known)}")
    return known[name]


def _submission_writer(metrics: Mapping[str, Any]) -> Callable[..., None]:
    name, first = next(iter(metrics.items()))
    writer = getattr(first, "submission_writer", None)
    if writer is None:
        raise ConfigError(
            f"--submission: evaluation.metrics.{name}, the first metric, is "
            f"{type(first).__name__}, which no server takes; put the benchmark's metric first"
        )
    return writer


def _write(
    args: argparse.Namespace,
    data: DataModule,
    samples: Sequence[Sample],
    predictions: Sequence[TextInstances],
    scores: dict[str, Result],
) -> None:
    paths = [sample.path for sample in samples]
    if args.scores:
        content = {
            name: {"headline": result.headline, **result.as_report()}
            for name, result in scores.items()
        }
        write_json(args.scores, content)
    if args.save_predictions:
        write_predictions(args.save_predictions, paths, predictions)
    if args.visualize:
        dataset = data.dataset("test")
        for sample, prediction in zip(samples, predictions, strict=True):
            picture = draw(dataset.load(sample.index).image, prediction, sample.instances)
            write_image(Path(args.visualize) / f"{Path(sample.path).stem}.jpg", picture)


def _report(name: str, results: dict[str, Result]) -> None:
    for metric, result in results.items():
        rule, *lines = result.lines()
        print("\n".join([f"{metric}: {rule}", *lines]))
    first = next(iter(results.values()))
    figures = " ".join(f"{key}={value:.4f}" for key, value in first.headline.items())
    print(f"{name}: {figures}")
