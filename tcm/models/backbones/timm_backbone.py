"""Any network of timm with feature maps at the strides 4, 8, 16 and 32 as a backbone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import timm
import torch
from timm.layers import Format
from torch import Tensor, nn

from tcm.errors import CheckpointError, ConfigError, nearest
from tcm.models.backbones.backbone import Backbone, FrozenStages
from tcm.models.backbones.same_padding import settle_padding
from tcm.packaged import PIP, packaged_file
from tcm.registry import MODELS
from tcm.state_dicts import State, load_checked, read_state_file
from tcm.structures import Config, Features

_STRIDES = (4, 8, 16, 32)
_OF_WEIGHTS = {
    "pretrained",
    "pretrained_cfg",
    "pretrained_cfg_overlay",
    "checkpoint_path",
    "cache_dir",
}
_SIZE = (64, 96)  # of the image that a network is tried on


@MODELS.register("Timm")
class Timm(Backbone):
    """A network of timm without its classifier; images are normalised as its weights want it.

    Args:
        pretrained: True for the weights that `name` says (downloaded once); the path of a file with
            the network's state dict, with or without classifier, or ``pip:PACKAGE`` for the file of
            an installed package; None for random initialisation.
        name: As timm has it, such as ``resnet18``. A tag behind it, such as ``resnet18.a1_in1k``,
            names the weights and with them the statistics of images; without it they are timm's
            default.
        options: Further arguments of ``timm.create_model``, such as ``drop_path_rate``.
        frozen_stages: Stages that are not trained, 0 for the stem alone; see `Backbone.freeze`.
            The first stage ends at stride 4, each other one at the next stride.
        norm_eval: Whether batch norms use their running statistics in training too.
        norm_requires_grad: Whether weights and biases of batch norms are trained.
        with_cp: Whether training computes the trunk's activations twice to save memory; see
            `Backbone.checkpoint`.

    Raises:
        ConfigError: An unknown name, tag or option, or a network without these strides or for
            images of one size only.
        CheckpointError: The weights are missing or do not fit.
    """

    trunk: Any  # timm's feature extractor, of one of several types

    def __init__(
        self,
        pretrained: str | bool | None,
        name: str,
        options: Config | None = None,
        frozen_stages: FrozenStages = -1,
        norm_eval: bool = False,
        norm_requires_grad: bool = True,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        check_name(name)
        _check_options(options or {})
        self.name = name
        self.trunk = _create(name, pretrained, options or {})
        settle_padding(self.trunk)
        self._channels_last = getattr(self.trunk, "output_fmt", None) == Format.NHWC
        statistics = self.trunk.pretrained_cfg
        self.mean, self.std = ([255 * v for v in statistics[key]] for key in ("mean", "std"))
        levels = self._try()
        self.out_channels = [level.shape[1] for level in levels]
        used = self._parameters_of(levels)
        for path, parameter in self.trunk.named_parameters():
            # Some networks keep layers behind the last level, which distributed training would
            # wait for.
            parameter.requires_grad_(path in used)
        self.freeze(frozen_stages, norm_eval, norm_requires_grad)
        self.checkpoint(with_cp)

    def forward(self, images: Tensor) -> Features:
        """Return the four levels of normalised images (B, 3, H, W)."""
        levels = self.trunk(images)
        return Features(
            [level.movedim(3, 1) for level in levels] if self._channels_last else levels
        )

    def _set_checkpointing(self, with_cp: bool) -> None:
        """Let timm do it, network by network; most do it stage by stage.

        Raises:
            ConfigError: It is wanted, and timm can't for this network.
        """
        if not with_cp:
            return
        try:
            self.trunk.set_grad_checkpointing(True)
        except (AssertionError, AttributeError) as error:
            raise ConfigError(f"with_cp: timm's {self.name} can't, {error}") from error

    def parts(self, stages: int) -> list[nn.Module]:
        """Return the modules of the stem and the first `stages` stages: what their maps depend on.

        Raises:
            ConfigError: The stem is wanted and has no end that timm tells.
        """
        names = self._parameters_of(self._try()[: max(stages, 1)])
        if stages == 0:
            first = self.trunk.feature_info.module_name()[0]
            stem = {name for name in names if not _is_under(name, first)}
            if stem == names:
                raise ConfigError(f"frozen_stages: timm's {self.name} has no stem of its own")
            names = stem
        frozen = {id(p) for name, p in self.trunk.named_parameters() if name in names}
        parts = _covered(self.trunk, frozen)
        assert {id(p) for part in parts for p in part.parameters()} == frozen
        return parts

    def _try(self) -> list[Tensor]:
        """Return the levels of a small image.

        Raises:
            ConfigError: The network does not take it, or its maps are not of a quarter to a 32nd.
        """
        self.trunk.eval()
        try:
            with torch.enable_grad():
                levels = self(torch.zeros(1, 3, *_SIZE)).levels
        except (AssertionError, RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ConfigError(
                f"timm's {self.name} does not take images of any size: {reason}"
            ) from error
        self.trunk.train()
        sizes = [tuple(level.shape[2:]) for level in levels]
        wanted = [(_SIZE[0] // stride, _SIZE[1] // stride) for stride in _STRIDES]
        if sizes != wanted:
            raise ConfigError(
                f"timm's {self.name} has maps of {sizes} for an image of {_SIZE}; wanted: {wanted}"
            )
        return levels

    def _parameters_of(self, levels: Sequence[Tensor]) -> set[str]:
        """Return the names of the parameters that the levels depend on."""
        named = {name: p for name, p in self.trunk.named_parameters() if p.requires_grad}
        total = torch.stack([level.sum() for level in levels]).sum()
        gradients = torch.autograd.grad(
            total, list(named.values()), retain_graph=True, allow_unused=True
        )
        return {name for name, g in zip(named, gradients, strict=True) if g is not None}


def check_name(name: str) -> None:
    """Refuse a name that timm does not know.

    Raises:
        ConfigError: It is none of its networks, or none of the network's weights.
    """
    network, _, tag = name.partition(".")
    if not timm.is_model(network):
        raise ConfigError(f"timm has no network '{network}'{nearest(network, timm.list_models())}")
    tags = [full.partition(".")[2] for full in timm.list_pretrained(f"{network}.*")]
    if tag and tag not in tags:
        raise ConfigError(f"timm's {network} has no weights '{tag}'{nearest(tag, tags)}")


def _check_options(options: Config) -> None:
    """Refuse what would let timm read files by its own ways, which need not be data alone."""
    for key in _OF_WEIGHTS & options.keys():
        raise ConfigError(f"options.{key}: weights are what the argument 'pretrained' says")


def _create(name: str, pretrained: str | bool | None, options: Config) -> Any:
    """Return timm's feature extractor for the four strides, with its weights."""
    strides = [level["reduction"] for level in _extractor(name, options).feature_info.info]
    if not set(_STRIDES) <= set(strides):
        raise ConfigError(
            f"timm's {name} has maps at the strides {sorted(set(strides))}; 4, 8, 16, 32 are wanted"
        )
    deepest = {stride: i for i, stride in enumerate(strides)}
    chosen = {**options, "out_indices": tuple(deepest[stride] for stride in _STRIDES)}
    if isinstance(pretrained, str):
        state = read_weights(name, pretrained, options)
        net = _extractor(
            name, chosen, pretrained=True, pretrained_cfg_overlay={"state_dict": state}
        )
        del net.pretrained_cfg["state_dict"]
        return net
    if not pretrained:
        return _extractor(name, chosen)
    try:
        return _extractor(name, chosen, pretrained=True)
    except (OSError, RuntimeError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise CheckpointError(
            f"weights of timm's {name} could not be had ({reason}); give the path of a local file "
            "as 'pretrained', or null for random initialisation"
        ) from error


def _extractor(name: str, options: Config, **arguments: Any) -> Any:
    try:
        return timm.create_model(name, features_only=True, **options, **arguments)
    except TypeError as error:
        if not options:
            raise
        raise ConfigError(f"timm's {name} with the options {options}: {error}") from error
    except RuntimeError as error:
        if "features_only" not in str(error):
            raise
        raise ConfigError(f"timm's {name} gives no maps: {error}") from error


def read_weights(name: str, path: str, options: Config) -> State:
    """Return the state dict of a file that fits the network; the classifier may be another.

    Raises:
        CheckpointError: There is no such file, or it does not fit.
    """
    if path.startswith(PIP):
        path = str(packaged_file(path))
    if not Path(path).suffix and len(Path(path).parts) == 1:
        raise CheckpointError(
            f"'{path}' is no weights file; a tag stands behind the name, as in "
            f"{name.partition('.')[0]}.{path}"
        )
    net: Any = timm.create_model(name, **options)
    layers = net.pretrained_cfg.get("classifier") or ()
    layers = (layers,) if isinstance(layers, str) else tuple(layers)
    state = _named_by_timm(read_state_file(Path(path)), net)
    state = {k: v for k, v in state.items() if not any(_is_under(k, layer) for layer in layers)}
    own = net.state_dict()
    classifier = {k: v for k, v in own.items() if any(_is_under(k, layer) for layer in layers)}
    load_checked(net, state | classifier, path)
    return state


def _named_by_timm(state: State, net: nn.Module) -> State:
    """Return the state dict of an EfficientNet of efficientnet_pytorch under timm's names.

    The tensors are the same ones in the same order; any other state dict is left as it is.
    """
    own = net.state_dict()
    if "_conv_stem.weight" not in state or len(state) != len(own):
        return state
    same = all(a.shape == b.shape for a, b in zip(state.values(), own.values(), strict=True))
    return dict(zip(own, state.values(), strict=True)) if same else state


def _is_under(name: str, module: str) -> bool:
    """Return whether a parameter lies in a module, which an extractor may have renamed."""
    flat, stem = name.replace(".", "_"), module.replace(".", "_")
    return flat.startswith((f"{stem}_", f"model_{stem}_", f"body_{stem}_"))


def _covered(module: nn.Module, parameters: set[int]) -> list[nn.Module]:
    """Return the largest modules all of whose parameters are among those of the given ids."""
    own = [id(p) for p in module.parameters()]
    if own and set(own) <= parameters:
        return [module]
    return [part for child in module.children() for part in _covered(child, parameters)]
