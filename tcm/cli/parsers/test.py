"""The options of ``tcm test``."""

import argparse
from collections.abc import Sequence

from tcm.cli.parsers.options import (
    READING,
    add_checkpoint_argument,
    add_config_arguments,
    add_converter_argument,
    add_network_arguments,
    add_reading_arguments,
    at_least,
    command_parser,
    read_options,
)
from tcm.errors import ConfigError


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "test",
        "test",
        "Score a checkpoint on the test images of a config.",
        ["quickstart work_dirs/quickstart/best.ckpt --visualize pictures"],
    )
    add_config_arguments(parser)
    add_checkpoint_argument(parser)
    add_converter_argument(parser)
    parser.add_argument(
        "--test-set",
        metavar="NAME",
        help="score on another test set by its own metrics: a name of configs/_base_/test_sets, or "
        "a YAML file like those; the detector's thresholds stay as they are",
    )
    parser.add_argument(
        "--limit", type=at_least(1), metavar="N", help="test on the first N images only"
    )
    add_network_arguments(parser)
    parser.add_argument(
        "--recognizer",
        metavar="CKPT",
        help="read the words that the detector finds, and score end to end without a lexicon "
        "(CTW1500EndToEnd, unless the config names such a metric); a checkpoint or exported folder",
    )
    add_reading_arguments(parser)
    parser.set_defaults(no_recognizer=False)
    parser.add_argument("--scores", metavar="JSON", help="write rules, figures and counts")
    parser.add_argument(
        "--save-predictions", metavar="JSON", help="write what was found, with texts"
    )
    parser.add_argument(
        "--submission",
        metavar="FILE",
        help="write what the official server or script of the first metric takes",
    )
    parser.add_argument(
        "--visualize", metavar="DIR", help="draw what was found (green) and what is true (blue)"
    )
    args = read_options(parser, arguments)
    changed = [name for name in READING if getattr(args, name) != parser.get_default(name)]
    if changed and not args.recognizer:
        raise ConfigError(
            f"--{changed[0].replace('_', '-')} is for a reader: it needs --recognizer"
        )
    return args
