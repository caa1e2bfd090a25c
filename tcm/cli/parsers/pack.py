"""The options of ``tcm pack``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.parsers.export import add_graph_arguments
from tcm.cli.parsers.options import add_debug_argument, command_parser, read_options


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "pack",
        description="Write a checkpoint's model as a folder to give away: weights as safetensors "
        "in float16 with the config in them, a model card, and ONNX graphs by which it is read "
        "without PyTorch. TextReader, tcm read and tcm.from_pretrained take the folder, and tcm "
        "test, tcm export and load_from the weights in it.",
        examples=["work_dirs/quickstart/inference.ckpt --out quickstart --card card.yaml"],
    )
    parser.add_argument("checkpoint", help="best.ckpt, last.ckpt or inference.ckpt of a work dir")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder")
    parser.add_argument(
        "--card",
        metavar="YAML",
        help="what the checkpoint does not say: title, summary, license, data, metrics, limits, "
        "language; docs/share.md shows one",
    )
    parser.add_argument(
        "--no-graphs", action="store_true", help="without ONNX: half the size, read by PyTorch"
    )
    add_graph_arguments(parser, 1e-2)  # weights of float16 in the graphs as well
    add_debug_argument(parser)
    return read_options(parser, arguments)
