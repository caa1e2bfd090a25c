"""Optimisers by name, and parameter groups by name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, cast, overload

import torch
from torch import Tensor, nn

from tcm.errors import ConfigError, nearest
from tcm.registry import OPTIMIZERS
from tcm.torch_versions import NORMS
from tcm.values import Bounds, NotNegativeFloat, Positive

Groups = Iterable[Any]  # parameters, or mappings with `params`
_Beta = Annotated[float, Bounds(ge=0, lt=1)]
Betas = tuple[_Beta, _Beta]
_ANYWHERE = "*."  # before a part of names


@OPTIMIZERS.register("SGD")
def sgd(
    params: Groups,
    lr: NotNegativeFloat,
    momentum: NotNegativeFloat = 0.9,
    weight_decay: NotNegativeFloat = 0.0,
    nesterov: bool = False,
    fused: bool | None = None,
) -> torch.optim.Optimizer:
    """Build stochastic gradient descent with momentum; `fused` is one kernel a step on a GPU."""
    return torch.optim.SGD(
        params, lr, momentum, weight_decay=weight_decay, nesterov=nesterov, fused=fused
    )


@OPTIMIZERS.register("Adam")
def adam(
    params: Groups,
    lr: NotNegativeFloat,
    betas: Betas = (0.9, 0.999),
    eps: NotNegativeFloat = 1e-8,
    weight_decay: NotNegativeFloat = 0.0,
    fused: bool | None = None,
) -> torch.optim.Optimizer:
    """Build Adam; its weight decay is L2 regularisation. `fused` as of `sgd`."""
    return torch.optim.Adam(params, lr, _as_tuple(betas), eps, weight_decay, fused=fused)


@OPTIMIZERS.register("AdamW")
def adamw(
    params: Groups,
    lr: NotNegativeFloat,
    betas: Betas = (0.9, 0.999),
    eps: NotNegativeFloat = 1e-8,
    weight_decay: NotNegativeFloat = 0.01,
    fused: bool | None = None,
) -> torch.optim.Optimizer:
    """Build Adam with decoupled weight decay; `fused` as of `sgd`."""
    return torch.optim.AdamW(params, lr, _as_tuple(betas), eps, weight_decay, fused=fused)


@OPTIMIZERS.register("Ranger")
class Ranger(torch.optim.RAdam):
    """RAdam with Lookahead (Zhang et al., 2019) and gradient centralisation (Yong et al., 2020).

    The optimiser of TCM's recipes for MSRA-TD500 and for pretraining; the defaults are theirs.

    Args:
        params: Parameter groups.
        lr: Learning rate.
        betas: RAdam's decay rates.
        eps: RAdam's epsilon.
        weight_decay: L2 regularisation.
        lookahead_steps: Steps between two updates of the slow weights.
        lookahead_alpha: Share by which the slow weights then move to the fast ones.
    """

    def __init__(
        self,
        params: Groups,
        lr: NotNegativeFloat = 1e-3,
        betas: Betas = (0.95, 0.999),
        eps: NotNegativeFloat = 1e-5,
        weight_decay: NotNegativeFloat = 0.0,
        lookahead_steps: Positive = 6,
        lookahead_alpha: float = 0.5,
    ) -> None:
        super().__init__(params, lr, _as_tuple(betas), eps, weight_decay)
        for group in self.param_groups:
            group["lookahead_steps"] = lookahead_steps
            group["lookahead_alpha"] = lookahead_alpha

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Do one step and, every `lookahead_steps`, pull the weights back towards the slow ones."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        trained = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        self._centralise([p.grad for p in trained if p.grad is not None and p.grad.dim() > 1])
        fresh = [p for p in trained if "slow" not in self.state[p]]
        starts = [p.detach().clone() for p in fresh]
        super().step()
        for parameter, start in zip(fresh, starts, strict=True):
            self.state[parameter]["slow"] = start
        self._look_ahead()
        return loss

    @staticmethod
    def _centralise(gradients: list[Tensor]) -> None:
        if gradients:
            means = [g.mean(dim=tuple(range(1, g.dim())), keepdim=True) for g in gradients]
            torch._foreach_sub_(
                gradients, [m.expand_as(g) for m, g in zip(means, gradients, strict=True)]
            )

    def _look_ahead(self) -> None:
        for group in self.param_groups:
            # The steps are counted on the host, so that none of this waits for the device.
            due = [
                p
                for p in group["params"]
                if (state := self.state.get(p))
                and int(state["step"]) % group["lookahead_steps"] == 0
            ]
            if due:
                slow = [self.state[p]["slow"] for p in due]
                torch._foreach_lerp_(slow, due, group["lookahead_alpha"])
                torch._foreach_copy_(due, slow)


def parameter_groups(
    model: nn.Module,
    lr: NotNegativeFloat,
    lr_multipliers: Mapping[str, float] | None = None,
    no_decay: Iterable[str] = (),
    norm_decay: bool | Sequence[str] = True,
) -> list[dict[str, Any]]:
    """Return the trainable parameters in groups of one learning rate and one weight decay policy.

    Args:
        model: Whose parameters.
        lr: Base learning rate.
        lr_multipliers: Name prefix to factor on `lr`; the longest matching prefix counts. One that
            begins with ``*.`` stands for what its rest names in any module, and outweighs others.
        no_decay: Parts of names whose parameters get no weight decay, such as ``norm`` or ``bias``.
        norm_decay: Whether norm layers, told by their type, get weight decay; or the name prefixes
            under which they do.

    Raises:
        ConfigError: A prefix matches no parameter.
    """
    multipliers = dict(lr_multipliers or {})
    decaying_norms = [] if isinstance(norm_decay, bool) else list(norm_decay)
    _check_prefixes(model, multipliers, "lr_multipliers")
    _check_prefixes(model, decaying_norms, "norm_decay")
    norms = _norm_parameters(model) if norm_decay is not True else set()
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            matching = [p for p in multipliers if _has_prefix(name, p)]
            best = max(matching, key=lambda p: (p.startswith(_ANYWHERE), len(p)), default=None)
            factor = 1.0 if best is None else multipliers[best]
            decay = not any(part in name for part in no_decay)
            if name in norms and not any(_has_prefix(name, p) for p in decaying_norms):
                decay = False
            groups.setdefault((factor, decay), []).append(parameter)
    return [
        {"params": params, "lr": lr * factor} | ({} if decay else {"weight_decay": 0.0})
        for (factor, decay), params in groups.items()
    ]


def _check_prefixes(model: nn.Module, prefixes: Iterable[str], argument: str) -> None:
    names = [name for name, _ in model.named_parameters()]
    for prefix in prefixes:
        if not any(_has_prefix(name, prefix) for name in names):
            known = {".".join(n.split(".")[:i]) for n in names for i in (1, 2, 3)}
            raise ConfigError(
                f"param_groups.{argument}: no parameter is under '{prefix}'{nearest(prefix, known)}"
            )


def _norm_parameters(model: nn.Module) -> set[str]:
    """Return the names of the parameters of norm layers."""
    return {
        f"{path}.{name}" if path else name
        for path, module in model.named_modules()
        if isinstance(module, NORMS)
        for name, _ in module.named_parameters(recurse=False)
    }


def _has_prefix(name: str, prefix: str) -> bool:
    if prefix.startswith(_ANYWHERE):
        return f".{prefix.removeprefix(_ANYWHERE)}." in f".{name}."
    return name == prefix or name.startswith(prefix + ".")


def _as_tuple(betas: Betas) -> Betas:
    """Return the decay rates as a tuple: a config holds a list."""
    return cast(Betas, tuple(betas))
