"""The options that several commands share."""

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

from tcm.data.storage.exif import Exif
from tcm.errors import ConfigError, nearest
from tcm.shipped import find_config

PRECISIONS = ("auto", "float32", "tf32", "bf16", "fp16")  # those of tcm.devices, without torch


def command_parser(
    command: str, tool: str = "", description: str = "", examples: Sequence[str] = ()
) -> argparse.ArgumentParser:
    """Return a parser whose help says how the command was called.

    Args:
        command: Of `tcm`, such as ``data check``.
        tool: The script of `tools/` that is the same command, with the first arguments there.
        description: What it does.
        examples: Arguments, which the help shows behind the command.
    """
    prog = called(command, tool)
    shown = examples_of(prog, examples) if examples else None
    return argparse.ArgumentParser(prog=prog, description=description, epilog=shown)


def called(command: str, tool: str = "") -> str:
    """Return how a command was called, ``tcm COMMAND`` or ``tools/TOOL.py``."""
    script, *first = tool.split() or [""]
    if Path(sys.argv[0]).name == f"{script}.py":
        return " ".join([f"tools/{script}.py", *first])
    return f"tcm {command}"


def examples_of(prog: str, examples: Sequence[str]) -> str:
    """Return a line of a help with examples: arguments behind the command that was called."""
    shell = f"python {prog}" if prog.startswith("tools/") else prog
    head = "examples" if len(examples) > 1 else "example"
    return f"{head}: {'; '.join(f'{shell} {example}' for example in examples)}"


def read_options(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line, configs that ship as paths.

    Raises:
        ConfigError: There is no such config.
    """
    args = parser.parse_args(arguments)
    if isinstance(getattr(args, "config", None), str):
        args.config = str(find_config(args.config))
    if hasattr(args, "configs"):
        args.configs = [str(find_config(config)) for config in args.configs]
    return args


def require_known(prog: str, arguments: Sequence[str], known: Sequence[str]) -> None:
    """Refuse a command line whose command is unknown.

    Raises:
        ConfigError: With the nearest name.
    """
    if arguments and not arguments[0].startswith("-") and arguments[0] not in known:
        hint = nearest(arguments[0], known)
        raise ConfigError(f"{prog}: unknown command '{arguments[0]}'{hint}")


def at_least(least: int) -> Callable[[str], int]:
    """Return what reads an option's whole number, and refuses one below the least."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:  # no number, or one of thousands of digits
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"a number from {least} on is wanted, got '{text}'")
        return number

    return read


def finite(text: str) -> float:
    """Read an option's number, and refuse NaN and infinity."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"a number is wanted, got '{text}'")
    return number


def between(low: float, high: float) -> Callable[[str], float]:
    """Return what reads an option's number in [low, high], and refuses others."""

    def read(text: str) -> float:
        number = finite(text)
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"a number in [{low:g}, {high:g}] is wanted: '{text}'")
        return number

    return read


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that all commands with a config share."""
    parser.add_argument(
        "config",
        help="config file, or the name of one that ships, such as quickstart; tcm info --configs "
        "lists these",
    )
    parser.add_argument(
        "--cfg-options",
        nargs="*",
        default=[],
        metavar="KEY=VALUE",
        help="override config keys, such as trainer.max_steps=100 data.train.batch_size=4",
    )
    add_debug_argument(parser)


def add_debug_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--debug``, which `tcm.cli.main` reads."""
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def add_device_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``, as `choose_device` takes it."""
    parser.add_argument("--device", help="cpu, cuda or cuda:1; default: a GPU where there is one")


def add_checkpoint_argument(parser: argparse.ArgumentParser) -> None:
    """Add the checkpoint of a config."""
    parser.add_argument("checkpoint", help="best.ckpt, last.ckpt or inference.ckpt of a work dir")


def add_converter_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--converter``."""
    parser.add_argument(
        "--converter",
        metavar="NAME",
        help="converter of a foreign checkpoint's names, such as tcm, clip4str or mmocr-dbnet; its "
        "network is that of a config with configs/_base_/compat/NAME.yaml, where there is such a "
        "file, after its other bases",
    )


def add_exif_argument(parser: argparse.ArgumentParser, default: Exif | None = "apply") -> None:
    """Add ``--exif apply|ignore`` to a command; a default of None leaves it to the dataset."""
    rule = default or "apply, except for sets whose labels are known to be of the stored pixels"
    parser.add_argument(
        "--exif",
        choices=get_args(Exif),
        default=default,
        help="turn images upright as their EXIF orientation says, or ignore it, for labels of the "
        f"stored pixels (default: {rule})",
    )


def add_precision_argument(parser: argparse._ActionsContainer) -> None:
    """Add ``--precision``, as `resolve_precision` takes it."""
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="of the network; auto is bf16 on GPUs that have it, else float32",
    )


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says where and how precisely a network runs, as `tcm.cli.network` takes it."""
    add_device_argument(parser)
    precision = parser.add_mutually_exclusive_group()
    add_precision_argument(precision)
    precision.add_argument(
        "--amp", action="store_true", help="mixed precision (bf16, or fp16 on older GPUs)"
    )
    parser.add_argument(
        "--compile",
        action="store_true",
        help="compile the network, which takes minutes for each size of input and pays for many",
    )
    parser.add_argument(
        "--cuda-graphs",
        action="store_true",
        help="launch the network of a detector at once instead of kernel by kernel: on a GPU, for "
        "many images of few sizes",
    )


READING = ("rectify", "margin", "max_side", "tile", "min_confidence", "batch_size", "set")


def add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options `READING`: how words become crops and are read, for `tcm.cli.readers`."""
    parser.add_argument(
        "--rectify",
        choices=("box", "quad", "curve"),
        default="quad",
        help="how a word becomes a crop: its bounding box, in perspective, or along its two sides "
        "(default: quad)",
    )
    parser.add_argument(
        "--margin",
        type=between(0, 10),
        default=0.15,
        metavar="SHARE",
        help="added around a word, as a share of its height (default: 0.15)",
    )
    parser.add_argument(
        "--max-side",
        type=at_least(32),
        default=2560,
        metavar="PIXELS",
        help="greatest long side that the detector sees; words are cut from the full picture, and "
        "memory grows with the square (default: 2560)",
    )
    parser.add_argument(
        "--tile",
        type=at_least(64),
        metavar="PIXELS",
        help="search larger pictures in tiles of this side: maps, panoramas",
    )
    parser.add_argument(
        "--min-confidence",
        type=between(0, 1),
        default=0.0,
        metavar="SHARE",
        help="leave out words that are read less surely",
    )
    parser.add_argument(
        "--batch-size", type=at_least(1), default=32, help="words that are read at once"
    )
    parser.add_argument(
        "--set",
        nargs="*",
        default=[],
        metavar="KEY=VALUE",
        help="keys of the recognizer's model to other values, such as decode_ar=false "
        "refine_iters=0, which read in one pass",
    )
