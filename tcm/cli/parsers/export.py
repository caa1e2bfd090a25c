"""The options of ``tcm export``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.parsers.options import (
    add_converter_argument,
    add_debug_argument,
    command_parser,
    finite,
    read_options,
)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "export",
        "export",
        "Write a checkpoint's model as ONNX graphs into a folder that reads without "
        "PyTorch: TextReader('DIR') and tcm read --detector DIR run it with onnxruntime. What the "
        "graphs give is compared with the model and printed; beyond the tolerance nothing is "
        "written, and the exit status is 1.",
        ["work_dirs/quickstart/inference.ckpt --out quickstart-onnx"],
    )
    parser.add_argument("checkpoint", help="best.ckpt, last.ckpt or inference.ckpt of a work dir")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder")
    parser.add_argument(
        "--config", metavar="FILE", help="config in place of the checkpoint's own, or for its lack"
    )
    add_converter_argument(parser)
    add_graph_arguments(parser, 1e-3)
    parser.add_argument(
        "--half",
        action="store_true",
        help="store weights in float16: half the file; what is computed stays float32",
    )
    parser.add_argument(
        "--int8",
        action="store_true",
        help="quantise the network to 8 bits, calibrated on the images of --calibrate; how much "
        "that changes is printed and accepted",
    )
    parser.add_argument(
        "--calibrate",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="image files or folders for --int8, a few dozen like those to be read; default: the "
        "synthetic ones",
    )
    add_debug_argument(parser)
    return read_options(parser, arguments)


def add_graph_arguments(parser: argparse.ArgumentParser, tolerance: float) -> None:
    """Add the options of graphs that are made and compared: of ``export`` and ``pack``.

    Args:
        parser: Changed.
        tolerance: Default of ``--tolerance``.
    """
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
        help="image files or folders that graphs and model are compared on; default: synthetic "
        "ones",
    )
    parser.add_argument(
        "--tolerance",
        type=finite,
        default=tolerance,
        help=f"greatest difference of an output that is accepted (default: {tolerance:g})",
    )
