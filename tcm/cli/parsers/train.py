"""The options of ``tcm train``."""

import argparse
from collections.abc import Sequence

from tcm.cli.parsers.options import add_config_arguments, command_parser, read_options


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "train",
        "train",
        "Train a model as a config describes it. Everything goes to the work dir: the "
        "resolved config, the log, metrics.jsonl, TensorBoard events, best.ckpt, last.ckpt and "
        "inference.ckpt. A run that is there is not touched unless asked.",
        ["quickstart --cfg-options trainer.max_steps=100"],
    )
    add_config_arguments(parser)
    parser.add_argument("--work-dir", help="default: work_dirs/<name of the config>")
    parser.add_argument(
        "--resume",
        nargs="?",
        const="auto",
        metavar="CKPT",
        help="continue exactly where CKPT stopped; without CKPT from last.ckpt in the work dir, or "
        "from the beginning if there is none yet",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="delete the run that the work dir holds"
    )
    parser.add_argument(
        "--amp", action="store_true", help="mixed precision (bf16, or fp16 on older GPUs)"
    )
    parser.add_argument(
        "--data-fraction",
        type=float,
        default=1.0,
        help="train on this share of the images, such as 0.1",
    )
    parser.add_argument("--data-seed", type=int, default=0, help="seed of the choice of that share")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything else")
    parser.add_argument("--devices", help="number of GPUs (or CPU processes), or auto")
    args = read_options(parser, arguments)
    if args.resume == "auto" and args.overwrite:
        parser.error("--resume goes on with a run, --overwrite deletes it: take one")
    return args
