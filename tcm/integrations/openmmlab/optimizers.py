"""The rule of our parameter groups as a constructor of mmengine's optimiser wrappers."""

from collections.abc import Mapping
from typing import Any

from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS, OPTIMIZERS
from torch import nn

from tcm.engine.optimizers import parameter_groups
from tcm.integrations.openmmlab.registries import OPTIM_WRAPPER_CONSTRUCTORS
from tcm.registry import build


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class ParameterGroups:
    """Build the optimiser over groups of one learning rate and one weight decay policy.

    ``optim_wrapper=dict(constructor='tcm.ParameterGroups', optimizer=..., paramwise_cfg=dict(
    lr_multipliers={'backbone.trunk': 0.1}))``. Frozen parameters are in no group.

    Args:
        optim_wrapper_cfg: What mmengine hands over: `optimizer`, and the wrapper's own arguments.
        paramwise_cfg: Arguments of `tcm.engine.optimizers.parameter_groups` but `model` and `lr`.
    """

    def __init__(
        self, optim_wrapper_cfg: Mapping[str, Any], paramwise_cfg: Mapping[str, Any] | None = None
    ) -> None:
        self.wrapper = dict(optim_wrapper_cfg)
        self.optimizer = dict(self.wrapper.pop("optimizer"))
        self.paramwise = dict(paramwise_cfg or {})

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Return the wrapper with the optimiser of a model, which may be wrapped for DDP.

        Raises:
            ConfigError: A prefix matches no parameter, or an argument is unknown.
        """
        model = getattr(model, "module", model)
        place = "optim_wrapper.paramwise_cfg"
        groups = build(
            parameter_groups, self.paramwise, place, model=model, lr=self.optimizer["lr"]
        )
        optimizer = OPTIMIZERS.build({**self.optimizer, "params": groups})
        wrapper = {"type": "OptimWrapper", **self.wrapper}
        return OPTIM_WRAPPERS.build(wrapper, default_args={"optimizer": optimizer})
