"""``tcm export CKPT --out DIR``: a model as ONNX graphs, compared with what it was made of."""

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tcm.cli.graphs import SCENES, WORDS, batches_of, compare, config_for, move, write_folder
from tcm.cli.outputs import Outputs
from tcm.cli.parsers.export import parse
from tcm.cli.terminal import say
from tcm.contracts import Model
from tcm.engine.checkpoint import deployed_model, read_checkpoint
from tcm.files import make_folder
from tcm.inference.export.parity import crops_of
from tcm.inference.export.quantise import quantise
from tcm.inference.onnx.manifest import NAME, Manifest, digest_of
from tcm.reader.opening import test_pipeline


def main(arguments: list[str]) -> int:
    """Run the command."""
    args = parse(arguments)
    state, extra = read_checkpoint(args.checkpoint, args.converter)
    config = config_for(args, extra)
    model = deployed_model(config["model"], state, args.checkpoint, extra)
    pipeline = test_pipeline(config, args.checkpoint)
    outputs = Outputs([args.checkpoint, *(args.images or [])])
    make_folder(args.out.absolute().parent)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=args.out.absolute().parent) as folder:
        manifest = write_folder(
            model, config, pipeline, Path(args.checkpoint).stem, Path(folder), args.half
        )
        parity = compare(model, Path(folder), pipeline, args.images)
        say(*parity.lines())
        if parity.difference > args.tolerance:
            say(f"more than {args.tolerance:g}: nothing is written; see --tolerance")
            return 1
        manifest = replace(manifest, parity=parity.as_json())
        if args.int8:
            manifest = _quantised(model, manifest, Path(folder), pipeline, args)
        manifest.write(Path(folder))
        move(Path(folder), [*manifest.files, NAME], args.out, outputs)
    size = sum(file.bytes for file in manifest.files.values())
    say(f"{manifest.kind} of {size / 1e6:.1f} MB in {args.out}")
    return 0


def _quantised(
    model: Model,
    manifest: Manifest,
    folder: Path,
    pipeline: Sequence[Mapping[str, Any]],
    args: argparse.Namespace,
) -> Manifest:
    """Quantise the graph that sees the images, say what that changes, and return what is new."""
    words = manifest.kind == "recognizer"
    batches = batches_of(pipeline, WORDS if words else SCENES, args.calibrate)
    name = manifest.graphs["encoder" if "encoder" in manifest.graphs else "model"]
    if words:
        inputs = ({"crops": crops} for batch in batches for crops in crops_of(batch))
    else:
        inputs = ({"images": batch.images.contiguous().numpy()} for batch in batches)
    quantise(folder / name, inputs)
    manifest = replace(manifest, files={**manifest.files, name: digest_of(folder / name)})
    manifest.write(folder)
    parity = compare(model, folder, pipeline, args.images)
    say(*(f"int8: {line}" for line in parity.lines()))
    return replace(manifest, parity={**manifest.parity, "int8": parity.as_json()})
