"""``tcm data browse CONFIG``: see what a model is trained on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.progress import track

from tcm.cli.configs import read_config
from tcm.cli.outputs import Outputs
from tcm.cli.parsers.browse_dataset import parse
from tcm.cli.terminal import say
from tcm.data.datasets.dataset import classes_of, paths_of
from tcm.data.loading.collate import ROWS
from tcm.data.loading.datamodule import DataModule
from tcm.data.loading.orders import first_indices
from tcm.data.loading.pipeline import Pipeline
from tcm.inference.visualize import draw, draw_map, write_image
from tcm.registry import build
from tcm.structures import Sample, TextInstances


def main(arguments: list[str]) -> int:
    """Run the command."""
    args = parse(arguments)
    config = read_config(args.config, args.cfg_options)
    data = build(DataModule, config["data"], "data", seed=args.seed)
    dataset = data.dataset(args.split)
    pipeline = Pipeline(dataset, data.stage(args.split).pipeline, args.seed)
    indices = first_indices(dataset, args.num)
    places = [(index, epoch) for index in indices for epoch in range(args.repeats)]
    paths = paths_of(dataset)
    names = [f"{index:06d}_{epoch}_{Path(paths[index]).stem}.jpg" for index, epoch in places]
    outputs = Outputs(paths[index] for index in indices)
    files = outputs.files("--out", args.out, map(Path, names))
    for file, (index, epoch) in zip(files, track(places, "drawing", transient=True), strict=True):
        rng = np.random.default_rng([args.seed, epoch, index])
        sample = pipeline.transform(dataset.load(index), rng)
        with outputs.writing(file) as path:
            write_image(path, _picture(sample, classes_of(dataset)))
    say(f"{len(places)} pictures in {args.out}")
    return 0


def _picture(sample: Sample, classes: Sequence[str]) -> np.ndarray:
    """Return the image with its polygons and all target maps side by side, (H, n * W, 3) uint8.

    Tables of numbers, a row a text, are no pictures and are left out.
    """
    size = sample.image.shape[:2]
    image = draw(sample.image, TextInstances(), sample.instances, classes=classes)
    maps = [
        draw_map(name, array, size)
        for name, array in sample.maps.items()
        if not name.endswith(ROWS)
    ]
    return np.hstack([image, *maps])
