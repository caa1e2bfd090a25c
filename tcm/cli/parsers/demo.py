"""The options of ``tcm demo``."""

import argparse
from collections.abc import Sequence

from tcm.cli.parsers.options import (
    PRECISIONS,
    add_debug_argument,
    add_device_argument,
    at_least,
    finite,
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
    parser = argparse.ArgumentParser(
        prog="tcm demo",
        description="Serve a page on this machine that reads photos: drop one, see outlines, texts "
        "and what the network sees, save the JSON. It takes photos and no paths, one at a time, "
        "and loads nothing from elsewhere.",
        epilog="example: tcm demo --detector det.ckpt --recognizer rec.ckpt --recognizer exported",
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
    _add_ways(parser)
    add_device_argument(parser)
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="of the networks; auto is bf16 on GPUs that have it, else float32",
    )
    add_debug_argument(parser)
    return parser.parse_args(arguments)


def _add_ways(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rectify",
        choices=("box", "quad", "curve"),
        default="quad",
        help="how a word becomes a crop (default: quad)",
    )
    parser.add_argument(
        "--max-side",
        type=at_least(32),
        default=2560,
        metavar="PIXELS",
        help="greatest long side that the detector sees (default: 2560)",
    )
    parser.add_argument(
        "--min-confidence",
        type=finite,
        default=0.0,
        metavar="SHARE",
        help="leave out words that are read less surely",
    )
