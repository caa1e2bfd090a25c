"""The options of ``tcm pack``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.parsers.options import add_debug_argument, command_parser, finite, read_options


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
    parser.add_argument(
        "--cfg-options",
        nargs="*",
        default=[],
        metavar="KEY=VALUE",
        help="override keys of the checkpoint's config, such as model.head.decode.mask_thr=0.2",
    )
    parser.add_argument(
        "--images",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="image files or folders to compare graphs and model on; default: synthetic ones",
    )
    parser.add_argument(
        "--tolerance",
        type=finite,
        default=1e-2,
        help="greatest difference of an output that is accepted of a graph, whose weights are of "
        "float16 as well (default: 0.01)",
    )
    add_debug_argument(parser)
    return read_options(parser, arguments)
