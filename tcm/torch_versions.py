"""What PyTorch before 2.6 lacks, in one place.

The package is made for 2.6 and later; `tcm.integrations.openmmlab` runs the backbones on 2.0 to 2.5
too, which is where mmcv 2.0 is (docs/openmmlab.md). Nothing else may ask for the version.
"""

import inspect
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree

# Layers that norm, for parameter groups; RMSNorm is of 2.4.
NORMS: tuple[type[nn.Module], ...] = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.SyncBatchNorm,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
    nn.GroupNorm,
    nn.LayerNorm,
    *([nn.RMSNorm] if hasattr(nn, "RMSNorm") else []),
)
_ALWAYS = "always_call"  # of 2.1; before, checkpointing never ends a forward pass by an exception
_HAS_ALWAYS = _ALWAYS in inspect.signature(nn.Module.register_forward_hook).parameters


def is_compiling() -> bool:
    """Tell whether ``torch.compile`` or ``torch.export`` is tracing."""
    public = getattr(getattr(torch, "compiler", None), "is_compiling", None)  # of 2.3
    if public is not None:
        return bool(public())
    dynamo = sys.modules.get("torch._dynamo")  # which is imported when something is compiled
    return dynamo is not None and bool(dynamo.is_compiling())


def hook_always(module: nn.Module, hook: Callable[..., Any]) -> None:
    """Register a forward hook that is called even when the pass ends by an exception."""
    module.register_forward_hook(hook, **({_ALWAYS: True} if _HAS_ALWAYS else {}))


def set_submodule(module: nn.Module, name: str, part: nn.Module) -> None:
    """Put a module in the place of the one that has a dotted name in another."""
    parent, _, last = name.rpartition(".")
    setattr(module.get_submodule(parent), last, part)


def tree_leaves(tree: Any) -> list[Any]:
    """Return the leaves of lists, tuples and mappings in one another."""
    return _pytree.tree_flatten(tree)[0]


def itemsize(dtype: torch.dtype) -> int:
    """Return the bytes of an element."""
    return torch.empty(0, dtype=dtype).element_size()
