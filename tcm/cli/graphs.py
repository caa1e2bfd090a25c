"""Graphs of a model in a folder, compared with what they are of: for ``export`` and ``pack``."""

import argparse
import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader

from tcm.cli.outputs import Outputs
from tcm.config import LoadedConfig, as_yaml, load_config, override
from tcm.contracts import Model
from tcm.data.datasets.image_files import ImageFiles
from tcm.data.loading.collate import collation_of
from tcm.data.loading.pipeline import Pipeline
from tcm.files import copy_file
from tcm.inference.export.graphs import write_graph
from tcm.inference.export.halve import halve_weights
from tcm.inference.export.parity import Parity, compare_detector, compare_recognizer
from tcm.inference.objects.policy import ObjectPolicy
from tcm.inference.onnx import open_folder
from tcm.inference.onnx.ctc import OnnxCTCRecognizer
from tcm.inference.onnx.detector import OnnxDetector
from tcm.inference.onnx.manifest import Manifest, digest_of
from tcm.inference.onnx.recognizer import OnnxRecognizer
from tcm.inference.reading.sizes import SizePolicy, crops_of_pipeline
from tcm.reader.opening import config_of
from tcm.reader.sources import files_of
from tcm.registry import DATASETS
from tcm.structures import Batch, Config

_SCENE = {"type": "SyntheticText", "seed": 5, "words_per_image": [2, 6]}
# Two images of one size, which are a batch, and one of another.
SCENES = ({**_SCENE, "size": [320, 320], "length": 2}, {**_SCENE, "size": [256, 416], "length": 1})
WORDS = ({"type": "SyntheticWords", "seed": 5, "length": 9, "charset": 36},)


def config_for(args: argparse.Namespace, extra: Config) -> Config:
    """Return the checkpoint's config, or that of the option, with the overrides."""
    if getattr(args, "config", None):
        return load_config(args.config, args.cfg_options)
    tree = copy.deepcopy(extra.get("config", {}))
    for option in args.cfg_options:
        override(tree, option)
    used = config_of({**extra, "config": tree}, args.checkpoint)
    return LoadedConfig(used, tree, Path(args.checkpoint).stem)


def write_folder(
    model: Model,
    config: Config,
    pipeline: Sequence[Mapping[str, Any]],
    name: str,
    folder: Path,
    half: bool = False,
) -> Manifest:
    """Write a model's graphs and ``model.json`` into a folder.

    Args:
        model: Deployed, in eval mode, on the CPU.
        config: The whole config, for the record.
        pipeline: The transforms of its test pipeline.
        name: What it is called.
        folder: It is there, and empty.
        half: Whether weights are stored in float16.
    """
    runtime = dict(model.runtime())
    kind = runtime.pop("kind")
    objects = ObjectPolicy.of_config(config.get("objects"))
    if objects is not None:
        runtime["objects"] = objects.as_json()
    shown_by = crops_of_pipeline if kind == "recognizer" else SizePolicy.of_pipeline
    shown = shown_by(pipeline).as_json()
    metadata = {"kind": kind, "input": shown, **runtime}
    parts = model.graphs()
    graphs = {part: f"{part}.onnx" for part in parts}
    for part, graph in parts.items():
        write_graph(graph, folder / graphs[part], metadata)
        if half:
            halve_weights(folder / graphs[part])
    for path in model.assets():
        copy_file(path, folder / path.name)
    files = {path.name: digest_of(path) for path in sorted(folder.iterdir())}
    manifest = Manifest(kind, name, graphs, files, shown, runtime, as_yaml(config))
    manifest.write(folder)
    return manifest


def compare(
    model: Model,
    folder: Path,
    pipeline: Sequence[Mapping[str, Any]],
    images: Sequence[Path] | None,
) -> Parity:
    """Return how a model and the graphs in a folder differ.

    Args:
        model: As of `write_folder`.
        folder: With ``model.json``.
        pipeline: As of `write_folder`.
        images: Image files or folders to compare on; None for synthetic ones.
    """
    runner = open_folder(folder, device="cpu")
    if isinstance(runner, OnnxDetector):
        return compare_detector(model, runner, list(batches_of(pipeline, SCENES, images)))
    assert isinstance(runner, OnnxRecognizer | OnnxCTCRecognizer), "there are no other kinds"
    return compare_recognizer(model, runner, list(batches_of(pipeline, WORDS, images)))


def batches_of(
    pipeline: Sequence[Mapping[str, Any]],
    synthetic: Sequence[Config],
    places: Sequence[Path] | None,
) -> list[Batch]:
    """Return the images to compare on, as the model is shown them."""
    if places:
        sets: list[Any] = [ImageFiles([path]) for path in files_of(places)]
    else:
        sets = [DATASETS.build(config) for config in synthetic]
    chains = [Pipeline(images, pipeline) for images in sets]
    return [
        batch
        for chain in chains
        for batch in DataLoader(chain, batch_size=2, collate_fn=collation_of(chain))
    ]


def move(source: Path, names: Sequence[str], out: Path, outputs: Outputs) -> None:
    """Bring files to the folder of ``--out``, in this order."""
    for name, path in zip(names, outputs.files("--out", out, map(Path, names)), strict=True):
        with outputs.writing(path) as place:
            copy_file(source / name, place)
