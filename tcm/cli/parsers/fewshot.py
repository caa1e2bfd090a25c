"""The options of ``tcm fewshot``."""

import argparse
from collections.abc import Sequence

from tcm.cli.parsers.options import add_config_arguments, command_parser, read_options


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "fewshot",
        "fewshot",
        "Train and test a config on fractions of its training images. Subsets of one "
        "seed are nested. Started again, it skips the cells that are done and resumes the one that "
        "was interrupted. Writes fewshot.md, fewshot.json and fewshot.png to the work dir. A study "
        "(configs/studies) names many configs, test sets and claims; then it writes study.md, "
        "study.json and a plot a claim after each cell, cells that are missing left blank.",
        ["quickstart --fractions 0.1 1", "studies/claims --fractions 0.1 --only 'dbnet *'"],
    )
    add_config_arguments(parser)
    parser.add_argument(
        "--fractions", nargs="+", type=float, help="default: 0.1 0.25 0.5 1, or the study's"
    )
    parser.add_argument("--seeds", nargs="+", type=int, help="default: 0 1 2, or the study's")
    parser.add_argument(
        "--work-dir", help="default: work_dirs/fewshot_<name of the config or study>"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="NAME",
        help="of a study: its configs whose names are these, * and ? stand for parts",
    )
    parser.add_argument(
        "--report", action="store_true", help="of a study: run nothing, write what is known"
    )
    parser.add_argument(
        "--scale-steps",
        action="store_true",
        help="train for the config's epochs of each fraction, instead of for equally many steps",
    )
    parser.add_argument(
        "--checkpoint",
        choices=["last", "best"],
        default="last",
        help="which one is scored; best is chosen on the test images themselves",
    )
    return read_options(parser, arguments)
