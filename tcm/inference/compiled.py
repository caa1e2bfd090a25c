"""Compiling what a deployed network does."""

from collections.abc import Callable
from typing import Any

import torch


def compiled(forward: Callable[..., Any], device: torch.device) -> Callable[..., Any]:
    """Return a deployed network's forward pass compiled; it compiles at the first call of a shape.

    On a CPU the weights become constants of the code, laid out as its kernels want them, which is
    most of what compiling gains there. They must not change any more.

    Args:
        forward: What is compiled; it is called without gradients.
        device: Where it runs.
    """
    return torch.compile(forward, options={"freezing": True} if device.type == "cpu" else None)
