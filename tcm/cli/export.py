"""``tcm export CKPT --out DIR``: a model as ONNX graphs, compared with what it was made of."""

import argparse
import copy
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader

from tcm.cli.outputs import Outputs
from tcm.cli.parsers.export import parse
from tcm.cli.terminal import say
from tcm.config import LoadedConfig, as_yaml, load_config, override
from tcm.contracts import Model
from tcm.data.datasets.image_files import ImageFiles
from tcm.data.loading.collate import collate
from tcm.data.loading.pipeline import Pipeline
from tcm.engine.checkpoint import deployed_model, read_checkpoint
from tcm.files import copy_file, make_folder
from tcm.inference.export.graphs import write_graph
from tcm.inference.export.parity import Parity, compare_detector, compare_recognizer
from tcm.inference.export.quantise import quantise
from tcm.inference.onnx import open_folder
from tcm.inference.onnx.ctc import OnnxCTCRecognizer
from tcm.inference.onnx.detector import OnnxDetector
from tcm.inference.onnx.manifest import NAME, Manifest, digest_of
from tcm.inference.onnx.recognizer import OnnxRecognizer
from tcm.inference.reading.sizes import CropPolicy, SizePolicy
from tcm.reader.opening import config_of, test_pipeline
from tcm.reader.sources import files_of
from tcm.registry import DATASETS
from tcm.structures import Batch, Config

_SCENE = {"type": "SyntheticText", "seed": 5, "words_per_image": [2, 6]}
# Two images of one size, which are a batch, and one of another.
_SCENES = ({**_SCENE, "size": [320, 320], "length": 2}, {**_SCENE, "size": [256, 416], "length": 1})
_WORDS = ({"type": "SyntheticWords", "seed": 5, "length": 9, "charset": 36},)


def main(arguments: list[str]) -> int:
    """Run the command."""
    args = parse(arguments)
    state, extra = read_checkpoint(args.checkpoint, args.converter)
    config = _config(args, extra)
    model = deployed_model(config["model"], state, args.checkpoint, extra)
    pipeline = test_pipeline(config, args.checkpoint)
    outputs = Outputs([args.checkpoint, *(args.images or [])])
    make_folder(args.out.absolute().parent)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=args.out.absolute().parent) as folder:
        manifest = write_folder(model, config, pipeline, Path(args.checkpoint).stem, Path(folder))
        parity = _compare(model, Path(folder), pipeline, args)
        say(*parity.lines())
        if parity.difference > args.tolerance:
            say(f"more than {args.tolerance:g}: nothing is written; see --tolerance")
            return 1
        manifest = replace(manifest, parity=parity.as_json())
        if args.int8:
            manifest = _quantised(model, manifest, Path(folder), pipeline, args)
        manifest.write(Path(folder))
        _move(Path(folder), manifest, args.out, outputs)
    size = sum(file.bytes for file in manifest.files.values())
    say(f"{manifest.kind} of {size / 1e6:.1f} MB in {args.out}")
    return 0


def write_folder(
    model: Model, config: Config, pipeline: Sequence[Mapping[str, Any]], name: str, folder: Path
) -> Manifest:
    """Write a model's graphs and ``model.json`` into a folder.

    Args:
        model: Deployed, in eval mode, on the CPU.
        config: The whole config, for the record.
        pipeline: The transforms of its test pipeline.
        name: What it is called.
        folder: It is there, and empty.
    """
    runtime = dict(model.runtime())
    kind = runtime.pop("kind")
    policy: Any = CropPolicy if kind == "recognizer" else SizePolicy
    shown = policy.of_pipeline(pipeline).as_json()
    metadata = {"kind": kind, "input": shown, **runtime}
    parts = model.graphs()
    graphs = {part: f"{part}.onnx" for part in parts}
    for part, graph in parts.items():
        write_graph(graph, folder / graphs[part], metadata)
    for path in model.assets():
        copy_file(path, folder / path.name)
    files = {path.name: digest_of(path) for path in sorted(folder.iterdir())}
    manifest = Manifest(kind, name, graphs, files, shown, runtime, as_yaml(config))
    manifest.write(folder)
    return manifest


def _config(args: argparse.Namespace, extra: Config) -> Config:
    """Return the checkpoint's config, or that of the option, with the overrides."""
    if args.config:
        return load_config(args.config, args.cfg_options)
    tree = copy.deepcopy(extra.get("config", {}))
    for option in args.cfg_options:
        override(tree, option)
    used = config_of({**extra, "config": tree}, args.checkpoint)
    return LoadedConfig(used, tree, Path(args.checkpoint).stem)


def _compare(
    model: Model, folder: Path, pipeline: Sequence[Mapping[str, Any]], args: argparse.Namespace
) -> Parity:
    runner = open_folder(folder, device="cpu")
    if isinstance(runner, OnnxDetector):
        return compare_detector(model, runner, list(_batches(pipeline, _SCENES, args.images)))
    assert isinstance(runner, OnnxRecognizer | OnnxCTCRecognizer), "there are no other kinds"
    return compare_recognizer(model, runner, list(_batches(pipeline, _WORDS, args.images)))


def _quantised(
    model: Model,
    manifest: Manifest,
    folder: Path,
    pipeline: Sequence[Mapping[str, Any]],
    args: argparse.Namespace,
) -> Manifest:
    """Quantise the graph that sees the images, say what that changes, and return what is new."""
    words = manifest.kind == "recognizer"
    batches = _batches(pipeline, _WORDS if words else _SCENES, args.calibrate)
    name = manifest.graphs["encoder" if "encoder" in manifest.graphs else "model"]
    if words:
        height, width = manifest.input["height"], manifest.input["width"]
        crops = (b.images[:, :, :height, :width].permute(0, 2, 3, 1) for b in batches)
        inputs = ({"crops": each.contiguous().numpy()} for each in crops)
    else:
        inputs = ({"images": batch.images.contiguous().numpy()} for batch in batches)
    quantise(folder / name, inputs)
    manifest = replace(manifest, files={**manifest.files, name: digest_of(folder / name)})
    manifest.write(folder)
    parity = _compare(model, folder, pipeline, args)
    say(*(f"int8: {line}" for line in parity.lines()))
    return replace(manifest, parity={**manifest.parity, "int8": parity.as_json()})


def _batches(
    pipeline: Sequence[Mapping[str, Any]],
    synthetic: Sequence[Config],
    places: Sequence[Path] | None,
) -> list[Batch]:
    """Return the images to compare on, as the model is shown them."""
    if places:
        sets: list[Any] = [ImageFiles([path]) for path in files_of(places)]
    else:
        sets = [DATASETS.build(config) for config in synthetic]
    return [
        batch
        for images in sets
        for batch in DataLoader(Pipeline(images, pipeline), batch_size=2, collate_fn=collate)
    ]


def _move(source: Path, manifest: Manifest, out: Path, outputs: Outputs) -> None:
    """Bring the files to where they are wanted, ``model.json`` last."""
    names = [Path(name) for name in (*manifest.files, NAME)]
    for name, path in zip(names, outputs.files("--out", out, names), strict=True):
        with outputs.writing(path) as place:
            copy_file(source / name, place)
