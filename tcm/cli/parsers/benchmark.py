"""The options of ``tcm benchmark``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tcm.cli.parsers.options import (
    add_debug_argument,
    add_device_argument,
    at_least,
    command_parser,
    examples_of,
    finite,
    read_options,
    require_known,
)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = command_parser(
        "benchmark", "benchmark", "Measure what models and data cost on this machine."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    _add_model(commands, parser.prog)
    _add_peers(commands, parser.prog)
    _add_data(commands)
    _add_decode(commands, parser.prog)
    _add_memory(commands)
    _add_annotations(commands, parser.prog)
    _add_read(commands, parser.prog)
    _add_words(commands, parser.prog)
    require_known(parser.prog, arguments, list(commands.choices))
    return read_options(parser, arguments)


def _add_model(commands: argparse._SubParsersAction, prog: str) -> None:
    model = commands.add_parser(
        "model",
        help="latency, images/s, parameters and memory of models, part by part",
        description="Build the models of several configs with random weights and run them in turn "
        "on one batch of synthetic scene text. Decoding is timed on the ideal prediction of it. "
        "Recognizers run on word crops of their own size and read each to the greatest length. "
        "With one CPU thread times are those of the processor, else of the wall.",
        epilog=examples_of(
            prog,
            [
                "model dbnet_fasttcm-cr50_1200e_icdar2015 --threads 1 "
                "--variants eager amp fold+compile"
            ],
        ),
    )
    model.add_argument(
        "configs", nargs="+", metavar="CONFIG", help="the first is what ratios refer to"
    )
    model.add_argument(
        "--size",
        nargs=2,
        type=at_least(32),
        metavar=("HEIGHT", "WIDTH"),
        help="of scenes, in pixels, multiples of 32; default 736 1280, of training 640 640",
    )
    model.add_argument("--batch", type=at_least(1), default=1)
    model.add_argument("--rounds", type=at_least(1), default=10, help="timed runs of each model")
    model.add_argument("--warmup", type=at_least(0), default=2, help="untimed runs before")
    model.add_argument("--words", type=at_least(1), default=20, help="words in each image")
    add_device_argument(model)
    model.add_argument("--threads", type=at_least(1), help="CPU threads; default: all cores")
    model.add_argument(
        "--train",
        action="store_true",
        help="time training steps of detectors: data (the whole training pipeline on this core), "
        "forward pass by part, losses, backward pass, optimiser",
    )
    model.add_argument("--amp", action="store_true", help="bf16 autocast")
    model.add_argument(
        "--fold",
        action=argparse.BooleanOptionalAction,
        help="fold batch norms into convolutions; default: yes, as test and infer do",
    )
    model.add_argument("--compile", action="store_true", help="torch.compile the network")
    model.add_argument(
        "--variants",
        nargs="+",
        metavar="VARIANT",
        help="in place of these three: rows of each config, in turn in one run; eager (nothing of "
        "them) or any of amp, fold, compile, joined by +, such as: eager amp fold+compile",
    )
    model.add_argument("--json", type=Path, help="write every timing")
    add_debug_argument(model)


def _add_peers(commands: argparse._SubParsersAction, prog: str) -> None:
    peers = commands.add_parser(
        "peers",
        help="MMOCR's and docTR's DBNet on ResNet-50 beside ours",
        description="Run the other library in its own environment, in a process that takes turns "
        "with ours: forward passes and, of MMOCR, training steps, which make the targets there.",
        epilog=examples_of(prog, ["peers --mmocr mmocr/bin/python --threads 1"]),
    )
    peers.add_argument("--mmocr", metavar="PYTHON", help="interpreter with mmocr")
    peers.add_argument("--doctr", metavar="PYTHON", help="interpreter with python-doctr")
    peers.add_argument(
        "--config",
        default="textdet/dbnet/dbnet_resnet50_1200e_icdar2015",
        help="ours; default: DBNet on ResNet-50",
    )
    peers.add_argument(
        "--size", nargs=2, type=at_least(32), default=[640, 640], metavar=("HEIGHT", "WIDTH")
    )
    peers.add_argument("--batch", type=at_least(1), default=1)
    peers.add_argument("--words", type=at_least(1), default=20, help="words in each image")
    peers.add_argument("--rounds", type=at_least(1), default=5, help="timed runs of each")
    peers.add_argument("--warmup", type=at_least(0), default=1, help="untimed runs before")
    add_device_argument(peers)
    peers.add_argument("--threads", type=at_least(1), default=1, help="CPU threads; default: 1")
    peers.add_argument("--json", type=Path, help="write every timing")
    add_debug_argument(peers)


def _add_data(commands: argparse._SubParsersAction) -> None:
    data = commands.add_parser(
        "data",
        help="images/s of a training pipeline on one core, stage by stage",
        description="Load and transform training images of a config in one process with one "
        "thread, as a data worker does, and print what each stage takes.",
    )
    data.add_argument("config", metavar="CONFIG")
    data.add_argument("--images", type=at_least(1), default=200, help="timed images")
    data.add_argument("--cfg-options", nargs="*", default=[], metavar="KEY=VALUE")
    data.add_argument("--json", type=Path, help="write the figures")
    add_debug_argument(data)


def _add_decode(commands: argparse._SubParsersAction, prog: str) -> None:
    decode = commands.add_parser(
        "decode",
        help="ms an image of turning a detector's predictions into texts",
        description="Decode the ideal predictions of synthetic images in turn, on the CPU: what "
        "the head would say that had learned its targets by heart.",
        epilog=examples_of(
            prog, ["decode dbnet_resnet50_1200e_icdar2015 fcenet_resnet50_1500e_icdar2015"]
        ),
    )
    decode.add_argument("configs", nargs="+", metavar="CONFIG")
    decode.add_argument(
        "--size", nargs=2, type=at_least(32), default=[736, 1280], metavar=("HEIGHT", "WIDTH")
    )
    decode.add_argument(
        "--texts", nargs="+", type=at_least(1), default=[10, 100], help="texts in an image"
    )
    decode.add_argument("--rounds", type=at_least(1), default=10, help="timed runs of each")
    decode.add_argument("--threads", type=at_least(1), default=1, help="CPU threads")
    decode.add_argument("--json", type=Path, help="write every timing")
    add_debug_argument(decode)


def _add_words(commands: argparse._SubParsersAction, prog: str) -> None:
    words = commands.add_parser(
        "words",
        help="time a word of recognizers on PyTorch and on onnxruntime, and their accuracy",
        description="Read the same synthetic words with several recognizers in turn, on one thread "
        "of the CPU, and print the processor's time a word and the share that is read right.",
        epilog=f"example: {prog} words best.ckpt exported --set refine_iters=0",
    )
    words.add_argument(
        "models", nargs="+", metavar="MODEL", help="checkpoints, and folders of tcm export"
    )
    words.add_argument("--words", type=at_least(1), default=320)
    words.add_argument("--batch", type=at_least(1), default=32)
    words.add_argument("--rounds", type=at_least(1), default=3, help="of which the best counts")
    words.add_argument(
        "--set",
        nargs="*",
        default=[],
        metavar="KEY=VALUE",
        help="how all of them read, such as decode_ar=false refine_iters=0",
    )
    words.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file")
    add_debug_argument(words)


def _add_memory(commands: argparse._SubParsersAction) -> None:
    memory = commands.add_parser(
        "memory",
        help="memory that a training step keeps for its backward pass",
        description="Count what the loss of a detector or spotter keeps for the backward pass, in "
        "float32 and in bf16, with and without checkpointing of activations "
        "(model.backbone.with_cp). Tensors without content do, so that it takes seconds and no "
        "GPU; weights are not counted.",
    )
    memory.add_argument("config", metavar="CONFIG", help="of a detector or spotter")
    memory.add_argument(
        "--size", type=at_least(32), default=640, help="sides of the images in pixels"
    )
    memory.add_argument("--batch", type=at_least(1), default=2)
    memory.add_argument("--time", action="store_true", help="also run and time a step of each")
    memory.add_argument(
        "--threads", type=at_least(1), default=1, help="CPU threads of the timed steps"
    )
    add_debug_argument(memory)


def _add_annotations(commands: argparse._SubParsersAction, prog: str) -> None:
    annotations = commands.add_parser(
        "annotations",
        help="time and memory of opening large annotation files and LMDBs",
        description="Write a synthetic annotation file, and an LMDB if --words is given, open them "
        "in processes of their own, first without a cache and then with it, and let forked workers "
        "touch every record.",
        epilog=examples_of(prog, ["annotations --images 200000 --instances 8.5"]),
    )
    annotations.add_argument("--images", type=at_least(0), default=200_000)
    annotations.add_argument(
        "--instances", type=finite, default=8.5, help="quads of an image, the mean"
    )
    annotations.add_argument(
        "--words", type=at_least(0), default=0, help="words of an LMDB; default none"
    )
    annotations.add_argument("--workers", type=at_least(1), default=2, help="forked processes")
    annotations.add_argument(
        "--folder", type=Path, help="where the files are written; default: /tmp"
    )
    annotations.add_argument("--json", type=Path, help="write every figure")
    add_debug_argument(annotations)


def _add_read(commands: argparse._SubParsersAction, prog: str) -> None:
    read = commands.add_parser(
        "read",
        help="images/s of readers, from the file to the text, stage by stage",
        description="Read images with several readers in turn on one core, and print what decoding "
        "the file, detection, crops, recognition and the order of the words take, how much of it "
        "is spent in the networks, and what the whole chain takes in one go.",
        epilog=examples_of(
            prog,
            [
                "read --reader det.ckpt,rec.ckpt --reader det.ckpt:unfolded,rec.ckpt:unfolded "
                "--reader exported/det,exported/rec photos/"
            ],
        ),
    )
    read.add_argument(
        "--reader",
        action="append",
        required=True,
        metavar="DET[,REC]",
        help="checkpoints or exported folders; ':unfolded' behind a checkpoint keeps its batch "
        "norms; may be given several times, and the first is what ratios refer to",
    )
    read.add_argument("images", nargs="*", type=Path, help="files, folders or patterns")
    read.add_argument(
        "--synthetic",
        type=at_least(1),
        default=10,
        metavar="N",
        help="without images: so many synthetic scenes of 736x1280 with 10 words (default: 10)",
    )
    read.add_argument("--rounds", type=at_least(1), default=3, help="timed runs of each")
    read.add_argument("--json", type=Path, help="write every timing")
    add_debug_argument(read)
