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
        "was interrupted. Writes fewshot.md, fewshot.json and fewshot.png to the work dir.",
    )
    add_config_arguments(parser)
    parser.add_argument("--fractions", nargs="+", type=float, default=[0.1, 0.25, 0.5, 1.0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--work-dir", help="default: work_dirs/fewshot_<name of the config>")
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
