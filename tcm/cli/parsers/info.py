"""The options of ``tcm info``."""

import argparse
from collections.abc import Sequence

from tcm.cli.parsers.options import add_debug_argument, command_parser, read_options


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "info",
        description="Show the versions that are installed, the devices and what the network runs "
        "in on each, the extras, and the configs and weights that ship; or the names of the "
        "configs; or what checkpoints hold.",
        examples=["--configs dbnet_fasttcm", "work_dirs/quickstart/best.ckpt"],
    )
    parser.add_argument("checkpoints", nargs="*", metavar="CKPT", help="show what is in it")
    parser.add_argument(
        "--configs",
        dest="pattern",
        nargs="?",
        const="",
        metavar="PATTERN",
        help="list the configs that ship, those whose name has PATTERN in it, or fits it if it has "
        "a * or ?",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_debug_argument(parser)
    args = read_options(parser, arguments)
    if args.checkpoints and args.pattern is not None:
        parser.error("--configs lists what ships, CKPT is a file of yours: take one")
    return args
