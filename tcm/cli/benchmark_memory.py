"""``tools/benchmark.py memory CONFIG``: what a training step keeps for its backward pass."""

import argparse
import time

import torch
from torch import Tensor, nn

from tcm.cli.configs import read_config
from tcm.cli.synthetic_batch import synthetic_batch
from tcm.engine.checkpoint import without_pretrained
from tcm.errors import ConfigError
from tcm.registry import MODELS
from tcm.structures import Batch, Config

_MIB = 2**20
_WAYS = {  # of training: bf16 autocast, checkpointing
    "float32": (False, False),
    "bf16": (True, False),
    "float32, with_cp": (False, True),
    "bf16, with_cp": (True, True),
}


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of ``tools/benchmark.py``."""
    parser = commands.add_parser(
        "memory",
        help="memory that a training step keeps for its backward pass",
        description="Run one training step of a config's detector or spotter on synthetic scene "
        "text, on the CPU, in float32 and in bf16, with and without checkpointing of activations "
        "(model.backbone.with_cp). What is counted are the tensors saved for the backward pass, "
        "without weights; the numbers are those of a GPU as well, times are of this CPU.",
    )
    parser.add_argument("config", metavar="CONFIG", help="of a detector or spotter")
    parser.add_argument("--size", type=int, default=640, help="sides of the images in pixels")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--words", type=int, default=20, help="words in each image")
    parser.add_argument("--threads", type=int, help="CPU threads; default: all cores")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.set_defaults(run=_memory)


def _memory(args: argparse.Namespace) -> int:
    config = read_config(args.config)
    if "backbone" not in config["model"]:
        raise ConfigError(f"{args.config}: a detector or spotter is wanted")
    if args.threads:
        torch.set_num_threads(args.threads)
    batch = synthetic_batch(config, (args.size, args.size), args.batch, args.words)
    print(f"{args.config}, batch {args.batch} at {args.size}x{args.size}")
    print(
        "| training | MiB an image | ratio | CPU s | ratio |\n| --- | ---: | ---: | ---: | ---: |"
    )
    first = None
    for name, (half, recompute) in _WAYS.items():
        kept, seconds = _step(config["model"], batch, half, recompute)
        first = first or (kept, seconds)
        mib = kept / args.batch / _MIB
        ratios = kept / first[0], seconds / first[1]
        print(f"| {name} | {mib:.0f} | {ratios[0]:.2f} | {seconds:.1f} | {ratios[1]:.2f} |")
    return 0


def _step(config: Config, batch: Batch, half: bool, recompute: bool) -> tuple[int, float]:
    """Return the bytes kept by a step, and the process time that it took in seconds."""
    backbone = {**config["backbone"], "with_cp": recompute}
    torch.manual_seed(0)
    model = MODELS.build(without_pretrained({**config, "backbone": backbone}), "model").train()
    model.to(memory_format=torch.channels_last)
    saved = _Saved(model)
    start = time.process_time()
    with (
        torch.autograd.graph.saved_tensors_hooks(saved.pack, _unpack),
        torch.autocast("cpu", torch.bfloat16, enabled=half),
    ):
        loss = torch.stack(list(model.loss(batch.images, batch.targets).values())).sum()
    loss.backward()
    return sum(saved.sizes.values()), time.process_time() - start


class _Saved:
    """Sums up the storages that are saved, each once; weights and buffers are there anyway."""

    def __init__(self, model: nn.Module) -> None:
        self.sizes: dict[int, int] = {}
        tensors = (*model.parameters(), *model.buffers())
        self._weights = {tensor.untyped_storage().data_ptr() for tensor in tensors}

    def pack(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        # A saved storage lives until the backward pass, so that no other has its address.
        if storage.data_ptr() not in self._weights:
            self.sizes[storage.data_ptr()] = storage.nbytes()
        return tensor


def _unpack(tensor: Tensor) -> Tensor:
    return tensor
