"""``tcm benchmark memory CONFIG``: what a training step keeps for its backward pass."""

import argparse
import time

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from tcm.cli.configs import read_config
from tcm.cli.synthetic_batch import synthetic_batch
from tcm.cli.terminal import say
from tcm.engine.checkpoint import without_pretrained
from tcm.errors import ConfigError
from tcm.registry import MODELS
from tcm.structures import Batch, Config

_MIB = 2**20
_WORDS = 20  # in each image
_WAYS = {  # of training: bf16 autocast, checkpointing
    "float32": (False, False),
    "bf16": (True, False),
    "float32, with_cp": (False, True),
    "bf16, with_cp": (True, True),
}


def memory(args: argparse.Namespace) -> None:
    """Print a table of ways to train, with what a step of each keeps, and takes."""
    config = read_config(args.config)
    if "backbone" not in config["model"]:
        raise ConfigError(f"{args.config}: memory counts detectors and spotters")
    if args.size % 32:
        raise ConfigError(f"--size {args.size}: a multiple of 32 is wanted")
    torch.set_num_threads(args.threads)
    batch = synthetic_batch(config, (args.size, args.size), args.batch, _WORDS)
    say(f"{args.config}, batch {args.batch} at {args.size}x{args.size}")
    heads = ["training", "MiB an image", "ratio"] + ["CPU s", "ratio"] * args.time
    say(_row(heads), _row(["---"] + ["---:"] * (len(heads) - 1)))
    first: list[float] = []
    for name, (half, recompute) in _WAYS.items():
        backbone = {**config["model"]["backbone"], "with_cp": recompute}
        model = without_pretrained({**config["model"], "backbone": backbone})
        figures = [kept_bytes(model, batch, half) / args.batch / _MIB]
        figures += [_seconds(model, batch, half)] if args.time else []
        first = first or figures
        cells = [[f"{f:.1f}", f"{f / r:.2f}"] for f, r in zip(figures, first, strict=True)]
        say(_row([name, *sum(cells, [])]))


def kept_bytes(model_config: Config, batch: Batch, half: bool) -> int:
    """Return the bytes that the losses of a batch keep for the backward pass, without weights.

    Args:
        model_config: The config's `model`.
        batch: Its images and targets.
        half: Whether the step runs in bf16 autocast.
    """
    with torch.device("meta"):
        model = MODELS.build(model_config, "model").train()
    with FakeTensorMode(allow_non_fake_inputs=True) as fake:
        model.to_empty(device="cpu")
        images = fake.from_tensor(batch.images)
        targets = {name: fake.from_tensor(value) for name, value in batch.targets.items()}
        saved = _Saved(model)
        with (
            torch.autograd.graph.saved_tensors_hooks(saved.pack, _unpack),
            torch.autocast("cpu", torch.bfloat16, enabled=half),
        ):
            model.loss(images, targets)
    return sum(storage.nbytes() for storage in saved.storages.values())


class _Saved:
    """The storages that are saved, each once; weights and buffers are there anyway."""

    def __init__(self, model: nn.Module) -> None:
        self.storages: dict[int, torch.UntypedStorage] = {}
        tensors = (*model.parameters(), *model.buffers())
        self._weights = {tensor.untyped_storage()._cdata for tensor in tensors}

    def pack(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in self._weights:
            self.storages[storage._cdata] = storage
        return tensor


def _unpack(tensor: Tensor) -> Tensor:
    return tensor


def _seconds(model_config: Config, batch: Batch, half: bool) -> float:
    """Return the process time of one step on the CPU."""
    model = MODELS.build(model_config, "model").train().to(memory_format=torch.channels_last)
    start = time.process_time()
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        loss = torch.stack(list(model.loss(batch.images, batch.targets).values())).sum()
    loss.backward()
    return time.process_time() - start


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
