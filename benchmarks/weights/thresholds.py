"""Which thresholds of DBNet's decoder fit a detector: hmean on training images, ICDAR2015's rule.

    python -m benchmarks.weights.thresholds CONFIG CKPT --ann data/icdar2015/train.json --images 100

prints the best settings. Test images have no say in it.
"""

import argparse
import itertools
import sys
from collections.abc import Sequence

import torch

from tcm.cli.configs import read_config
from tcm.data.loading.collate import collate
from tcm.data.loading.pipeline import Pipeline
from tcm.engine.checkpoint import load_model
from tcm.evaluation.icdar2015 import ICDAR2015
from tcm.models.detectors.dbnet.decode import DBDecoder
from tcm.registry import DATASETS
from tcm.shipped import find_config

GRID = {
    "mask_thr": (0.3, 0.4, 0.5, 0.6),
    "min_score": (0.45, 0.5, 0.55, 0.6),
    "unclip_ratio": (1.6, 1.8, 2.0, 2.2, 2.5),
}
SHOWN = 10


def main(arguments: Sequence[str]) -> int:
    """Print the best settings, the best one first."""
    args = _parse(arguments)
    config = read_config(str(find_config(args.config)))
    model = load_model(config["model"], args.checkpoint).eval()
    dataset = DATASETS.build({"type": "TextDataset", "ann_file": args.ann})
    pipeline = Pipeline(dataset, config["data"]["val"]["pipeline"])
    chosen = range(0, len(pipeline), max(len(pipeline) // args.images, 1))[: args.images]
    seen = []
    for index in chosen:
        batch = collate([pipeline[index]])
        with torch.inference_mode():
            outputs = {k: v.numpy() for k, v in model.outputs(batch.images).items()}
        seen.append((outputs["probability"], batch.samples[0]))
    truths = [dataset.load(index).instances for index in chosen]
    fixed = config["model"]["head"]["decode"]
    rows = []
    for values in itertools.product(*GRID.values()):
        setting = dict(zip(GRID, values, strict=True))
        decoder = DBDecoder(**{k: v for k, v in fixed.items() if k != "type"} | setting)
        found = []
        for probability, sample in seen:
            outputs = {"probability": probability, "mask": probability > decoder.mask_thr}
            found += decoder.texts_of(outputs, [sample.matrix], [sample.valid_size])
        scores = ICDAR2015().evaluate(found, truths)
        rows.append((scores.hmean, scores.precision, scores.recall, setting))
    for hmean, precision, recall, setting in sorted(rows, key=lambda row: -row[0])[:SHOWN]:
        print(f"hmean {hmean:.4f}  precision {precision:.4f}  recall {recall:.4f}  {setting}")
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config")
    parser.add_argument("checkpoint")
    parser.add_argument("--ann", required=True, help="MMOCR's JSON of training images")
    parser.add_argument("--images", type=int, default=100, help="that are looked at, evenly spread")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
