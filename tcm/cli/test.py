"""``tcm test CONFIG CKPT``: score a checkpoint, write predictions, submission and pictures."""

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.progress import track

from tcm.cli.configs import read_config
from tcm.cli.network import load_network
from tcm.cli.outputs import Outputs, picture_names
from tcm.cli.parsers.test import parse
from tcm.cli.readers import read_samples, reader_of
from tcm.cli.terminal import say
from tcm.data.datasets.dataset import classes_of, paths_of
from tcm.data.loading.datamodule import DataModule
from tcm.data.loading.preflight import check_sets
from tcm.engine.trainer import quieten
from tcm.errors import ConfigError, nearest
from tcm.evaluation.files.unified import write_predictions
from tcm.evaluation.polygon_spotting import CTW1500EndToEnd
from tcm.evaluation.scores import Result, check_names
from tcm.evaluation.spotting_protocol import SpottingProtocol
from tcm.files import write_json
from tcm.inference.predict import predict
from tcm.inference.reading.runner import DetectorRunner, RecognizerRunner
from tcm.inference.visualize import draw, write_image
from tcm.inputs import is_dir
from tcm.reader.opening import open_runner
from tcm.reader.torch_runners import Place, runner_of
from tcm.registry import METRICS, build
from tcm.shipped import config_names
from tcm.structures import Batch, Config, Sample, TextInstances

_TEST_SETS = "_base_/test_sets/"


def main(arguments: list[str]) -> int:
    """Run the command."""
    args = parse(arguments)
    quieten()
    test_set = [_test_set(args.test_set)] if args.test_set else []
    config = read_config(args.config, args.cfg_options, test_set)
    metrics = {name: METRICS.build(m) for name, m in config["evaluation"]["metrics"].items()}
    if args.recognizer and not any(isinstance(m, SpottingProtocol) for m in metrics.values()):
        metrics = {"end_to_end": CTW1500EndToEnd(), **metrics}  # its rule takes any polygon
    writer = _submission_writer(metrics) if args.submission else None
    data = build(DataModule, config["data"], "data")
    check_sets(data, ("test",), args.limit)
    loader = data.test_dataloader(args.limit)
    images = paths_of(data.dataset("test"))
    check_names(metrics, images[: args.limit], bool(writer))
    outputs, pictures = _planned(args, config, images)
    total = min(args.limit or data.length("test"), data.length("test"))
    found, note = _found(args, config, data, loader, total)
    pairs = sorted(track(found, "testing", total=total), key=lambda pair: pair[0].index)
    samples = [sample for sample, _ in pairs]
    predictions = [prediction for _, prediction in pairs]
    paths = [sample.path for sample in samples]
    scores = {
        name: metric.evaluate(predictions, [s.instances for s in samples], paths)
        for name, metric in metrics.items()
    }
    dataset = data.dataset("test")
    classes = classes_of(dataset)
    if args.scores:
        with outputs.writing(args.scores) as path:
            write_json(path, _content(scores))
    if args.save_predictions:
        with outputs.writing(args.save_predictions) as path:
            write_predictions(path, paths, predictions, classes)
    if writer:
        with outputs.writing(args.submission) as path:
            writer(path, paths, predictions)
    for sample, prediction in zip(samples, predictions, strict=True) if pictures else ():
        image = dataset.load(sample.index).image
        picture = draw(image, prediction, sample.instances, classes=classes)
        with outputs.writing(pictures[sample.index]) as path:
            write_image(path, picture)
    if note:
        say(note)
    _report(Path(args.config).stem, scores)
    return 0


def _found(
    args: argparse.Namespace, config: Config, data: DataModule, loader: Iterable[Batch], total: int
) -> tuple[Iterator[tuple[Sample, TextInstances]], str]:
    """Return what the first images of the test set show, and what is to be said of the network."""
    if is_dir(args.checkpoint):
        detector, note = _detector(open_runner(args.checkpoint, device=args.device)), ""
    else:
        model, device, precision = load_network(config["model"], args)
        note = "" if precision == "float32" else f"network in {precision} on {device}"
        if not args.recognizer:
            return predict(model, loader, device, precision=precision), note
        stage = config["data"].get("test") or config["data"]["val"]
        place = Place(device, precision)
        detector = _detector(runner_of(model, args.checkpoint, stage.get("pipeline") or [], place))
    if not args.recognizer:
        return _detected(detector, loader), note
    return read_samples(reader_of(args, detector), data.dataset("test"), total), note


def _detector(runner: DetectorRunner | RecognizerRunner) -> DetectorRunner:
    """Return a checkpoint's runner, once it is known to find words.

    Raises:
        ConfigError: It reads them.
    """
    if isinstance(runner, RecognizerRunner):
        raise ConfigError(f"--recognizer: {runner.name} is a recognizer itself")
    return runner


def _detected(
    runner: DetectorRunner, batches: Iterable[Batch]
) -> Iterator[tuple[Sample, TextInstances]]:
    """Yield every sample of batches with what an exported model finds in it."""
    for batch in batches:
        images = batch.images.permute(0, 2, 3, 1).numpy()
        canvases = batch.canvases or [images.shape[1:3]] * len(images)
        for image, sample, (height, width) in zip(images, batch.samples, canvases, strict=True):
            shown = image[None, :height, :width]
            yield sample, runner.detect(shown, [sample.matrix], [sample.size])[0]


def _test_set(name: str) -> Path:
    """Return the file of a test set.

    Raises:
        ConfigError: There is none of this name.
    """
    if Path(name).suffix == ".yaml":
        return Path(name)  # whose absence is an error of reading it
    known = {file.stem: file for key, file in config_names().items() if key.startswith(_TEST_SETS)}
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


def _planned(
    args: argparse.Namespace, config: Config, images: Sequence[str]
) -> tuple[Outputs, list[Path]]:
    """Return where the files go, and the picture of each image, none if none are wanted."""
    read = [*images, args.config, args.checkpoint, *_files_in(config["data"])]
    outputs = Outputs(read)
    for option in ("scores", "save_predictions", "submission"):
        if getattr(args, option):
            outputs.file(f"--{option.replace('_', '-')}", getattr(args, option))
    if not args.visualize:
        return outputs, []
    names = picture_names(images)[: args.limit]
    return outputs, outputs.files("--visualize", args.visualize, names)


def _files_in(config: Any) -> Iterator[str]:
    """Yield all texts of a config, which may name files that are read."""
    if isinstance(config, str):
        yield config
    elif isinstance(config, Mapping | list):
        for part in config.values() if isinstance(config, Mapping) else config:
            yield from _files_in(part)


def _content(scores: Mapping[str, Result]) -> dict[str, Any]:
    return {
        name: {"headline": result.headline, **result.as_report()} for name, result in scores.items()
    }


def _report(name: str, results: dict[str, Result]) -> None:
    for metric, result in results.items():
        rule, *lines = result.lines()
        say(*[f"{metric}: {rule}", *lines])
    first = next(iter(results.values()))
    figures = " ".join(f"{key}={value:.4f}" for key, value in first.headline.items())
    say(f"{name}: {figures}")
