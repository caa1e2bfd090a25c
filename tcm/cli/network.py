"""A checkpoint's network as the command line wants it run."""

import argparse
from pathlib import Path

import torch

from tcm.contracts import Model
from tcm.devices import (
    Precision,
    choose_device,
    mixed_precision,
    resolve_precision,
    set_float32,
)
from tcm.engine.checkpoint import load_model
from tcm.errors import CheckpointError, ConfigError
from tcm.inference.compiled import compiled
from tcm.inference.cuda_graphs import use_cuda_graphs
from tcm.structures import Config


def load_network(
    model_config: Config, args: argparse.Namespace
) -> tuple[Model, torch.device, Precision]:
    """Return a checkpoint's model in its deployed form, its device and its precision.

    Args:
        model_config: The config's `model`.
        args: With `checkpoint`, `converter` and those of `add_network_arguments`.

    Raises:
        CheckpointError: The checkpoint is missing or belongs to another model.
        ConfigError: There is no such device, or CUDA graphs are wanted where they can't be had.
    """
    device = choose_device(args.device)
    if args.cuda_graphs and device.type != "cuda":
        raise ConfigError(f"CUDA graphs: the model is not on a GPU but on the {device}")
    if Path(args.checkpoint).is_dir():
        raise CheckpointError(f"checkpoint {args.checkpoint} is a folder, a file is wanted")
    wanted = mixed_precision(device) if args.amp else args.precision
    precision = resolve_precision(wanted, device)
    set_float32(precision == "tf32")
    model = load_model(model_config, args.checkpoint, args.converter).to(device)
    if args.compile:
        model.forward = compiled(model.forward, device)  # type: ignore[method-assign]
    if args.cuda_graphs:
        use_cuda_graphs(model)
    return model, device, precision
