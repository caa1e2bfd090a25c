"""Folding batch norms into the convolutions before them.

With running statistics a batch norm scales and shifts each channel, which weight and bias of the
convolution can do as well. Which norm follows which convolution is known in three ways: by the
order of an `nn.Sequential`, by the method ``norm_pairs`` of a module, and for networks of others by
`traced_pairs`.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from timm.layers import BatchNormAct2d, Conv2dSame
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils.fusion import fuse_conv_bn_weights

from tcm.torch_versions import set_submodule, tree_leaves

Pair = tuple[nn.Module, nn.Module]

# Their subclasses are left alone unless they say `scalable`: some norm their own weights.
_CONVS = (nn.Conv2d, nn.ConvTranspose2d, Conv2dSame)
_NORMS = (nn.BatchNorm2d, BatchNormAct2d)
_SIZE = (64, 96)  # of the image that a network is traced with


def fold_batch_norms(module: nn.Module) -> None:
    """Fold every batch norm that follows a convolution, in place, and switch to eval mode.

    A norm or convolution that also stands elsewhere stays, as does a norm without running
    statistics. A folded norm becomes an identity, or the activation that it had inside.
    """
    module.eval()
    places: dict[nn.Module, list[str]] = {}
    for name, part in module.named_modules(remove_duplicate=False):
        places.setdefault(part, []).append(name)
    pairs = {pair for part in places for pair in _pairs(part) if _foldable(*pair)}
    uses = Counter(part for pair in pairs for part in pair)
    for conv, norm in pairs:
        if all(uses[part] == len(places[part]) == 1 for part in (conv, norm)):
            _fold(conv, norm)
            inner = (norm.drop, norm.act) if isinstance(norm, BatchNormAct2d) else ()
            rest = nn.Sequential(*inner) if inner else nn.Identity()
            set_submodule(module, places[norm][0], rest)


def traced_pairs(network: nn.Module) -> set[Pair]:
    """Return the pairs of a convolution and the batch norm that its output goes to, only.

    The network, in eval mode, is run on the shape of a small image, and the graph of its outputs is
    looked at.
    """
    made: dict[Any, nn.Module] = {}  # the node of an output, to the convolution
    read: list[tuple[nn.Module, Any]] = []  # a norm and the node of its input, one entry a call

    def note_output(conv: nn.Module, _: object, output: Tensor) -> None:
        made[output.grad_fn] = conv

    def note_input(norm: nn.Module, inputs: tuple[Tensor]) -> None:
        read.append((norm, inputs[0].grad_fn))

    hooks = [
        part.register_forward_hook(note_output)
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d)
        else part.register_forward_pre_hook(note_input)
        for part in network.modules()
        if isinstance(part, (nn.Conv2d, nn.ConvTranspose2d, *_NORMS))
    ]
    # Only shapes are computed, and whether the weights are tensors of inference doesn't matter.
    tensors = (*network.named_parameters(), *network.named_buffers())
    try:
        with torch.inference_mode(False), torch.enable_grad():
            meta = {name: torch.empty_like(t, device="meta") for name, t in tensors}
            image = torch.empty(1, 3, *_SIZE, device="meta", requires_grad=True)
            outputs = tree_leaves(functional_call(network, meta, image))
    finally:
        for hook in hooks:
            hook.remove()
    readers = _readers(outputs)
    calls = Counter(norm for norm, _ in read)
    convs = Counter(made.values())
    return {
        (made[node], norm)
        for norm, node in read
        if node in made and readers[node] == calls[norm] == convs[made[node]] == 1
    }


def _readers(outputs: list[Tensor]) -> Counter[Any]:
    """Return how often the result of each node of a graph is read; an output counts as read."""
    open_nodes: list[Any] = [output.grad_fn for output in outputs]
    readers = Counter(open_nodes)
    seen = set(open_nodes)
    while open_nodes:
        before = [node for node, _ in open_nodes.pop().next_functions if node is not None]
        readers.update(before)
        open_nodes += set(before) - seen
        seen.update(before)
    return readers


def _pairs(part: nn.Module) -> Iterator[Pair]:
    if type(part).forward is nn.Sequential.forward:
        assert isinstance(part, nn.Sequential)
        yield from zip(part, list(part)[1:], strict=False)
    norm_pairs = getattr(part, "norm_pairs", None)
    if callable(norm_pairs):
        yield from norm_pairs()


def _foldable(conv: nn.Module, norm: nn.Module) -> bool:
    scalable = type(conv) in _CONVS or getattr(conv, "scalable", False)
    grouped = isinstance(conv, nn.ConvTranspose2d) and conv.groups > 1
    tracked = type(norm) in _NORMS and norm.running_var is not None
    return scalable and not grouped and tracked


@torch.no_grad()
def _fold(conv: Any, norm: Any) -> None:
    """Give a convolution weight and bias, computed in float64, that do what the norm does."""
    weight, bias = fuse_conv_bn_weights(
        conv.weight.double(),
        _double(conv.bias),
        norm.running_mean.double(),
        norm.running_var.double(),
        norm.eps,
        _double(norm.weight),
        _double(norm.bias),
        transpose=isinstance(conv, nn.ConvTranspose2d),
    )
    dtype = conv.weight.dtype
    conv.weight = nn.Parameter(weight.to(dtype), requires_grad=conv.weight.requires_grad)
    conv.bias = nn.Parameter(bias.to(dtype), requires_grad=conv.weight.requires_grad)


def _double(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.double()
