"""The options of ``tcm demo``."""

import argparse
from collections.abc import Sequence

from tcm.cli.parsers.options import (
    add_debug_argument,
    add_device_argument,
    add_precision_argument,
    add_reading_arguments,
    at_least,
    command_parser,
)

_LAST_PORT = 2**16 - 1


def port(text: str) -> int:
    """Read the number of a port."""
    number = at_least(0)(text)
    if number > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"a port up to {_LAST_PORT} is wanted, got '{text}'")
    return number


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "demo",
        description="Serve a page on this machine that reads photos: drop one, see outlines, texts "
        "and what the network sees, save the JSON. It takes photos and no paths, one at a time, "
        "and loads nothing from elsewhere.",
        examples=["--detector det.ckpt --recognizer rec.ckpt --recognizer exported"],
    )
    for kind, default in (
        ("detector", "the package's own"),
        ("recognizer", "the package's own, or none if the first detector is a spotter"),
    ):
        parser.add_argument(
            f"--{kind}",
            action="append",
            default=[],
            metavar="CKPT",
            help=f"checkpoint or exported folder of a {kind}; may be given several times, to "
            f"choose from (default: {default})",
        )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; another than the default lets other machines in, without a "
        "password (default: 127.0.0.1)",
    )
    parser.add_argument(
        "--port", type=port, default=8000, help="0 takes any that is free (default: 8000)"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="with --host: a name by which browsers may address this machine, beside its addresses",
    )
    parser.add_argument(
        "--max-upload", type=at_least(1), default=32, metavar="MB", help="of a photo (default: 32)"
    )
    add_reading_arguments(parser)
    add_device_argument(parser)
    add_precision_argument(parser)
    add_debug_argument(parser)
    return parser.parse_args(arguments)
