"""Names of the parameters of rotated FCOS, ATSS and RetinaNet in mmrotate's checkpoints.

Those of mmrotate 0.x and 1.x over ResNet-50 and its FPN:

| mmrotate | ours |
|---|---|
| ``backbone.*`` | ``backbone.trunk.*``, with torchvision's names |
| ``neck.fpn_convs.0`` to ``2``, ``3`` and ``4`` | ``neck.smooth_convs.*``, ``neck.extra_convs.*`` |
| ``bbox_head.cls_convs.N``, ``reg_convs.N`` | ``head.cls_tower.N``, ``head.box_tower.N`` |
| ``conv_cls``, ``atss_cls``, ``retina_cls`` and so on | ``head.cls``, ``head.box`` and so on |
| ``bbox_head.scales.N.scale`` | ``head.box_scales.N`` |
| ``bbox_head.scale_angle.scale`` | ``head.angle_scale`` |
"""

import re

from tcm.registry import CONVERTERS

_LEVELS = 3  # of the backbone in the neck; further convolutions make levels of their own
_RULES = (
    (r"^backbone\.", "backbone.trunk."),
    (r"^neck\.lateral_convs\.(\d)\.conv\.", r"neck.lateral_convs.\1."),
    (r"^bbox_head\.cls_convs\.", "head.cls_tower."),
    (r"^bbox_head\.reg_convs\.", "head.box_tower."),
    (r"^(head\.\w+_tower\.\d+)\.conv\.", r"\1.0."),
    (r"^(head\.\w+_tower\.\d+)\.gn\.", r"\1.1."),
    (r"^bbox_head\.scales\.(\d)\.scale$", r"head.box_scales.\1"),
    (r"^bbox_head\.scale_angle\.scale$", "head.angle_scale"),
    (r"^bbox_head\.(?:conv|atss|retina)_reg\.", "head.box."),
    (r"^bbox_head\.(?:conv|atss|retina)_", "head."),
)


@CONVERTERS.register("mmrotate")
def rename(name: str) -> str:
    """Return our name of a parameter or buffer of mmrotate's ResNet, neck or head."""
    for pattern, replacement in _RULES:
        name = re.sub(pattern, replacement, name)
    return re.sub(r"^neck\.fpn_convs\.(\d)\.conv\.", _of_the_neck, name)


def _of_the_neck(match: re.Match[str]) -> str:
    index = int(match[1])
    if index < _LEVELS:
        return f"neck.smooth_convs.{index}."
    return f"neck.extra_convs.{index - _LEVELS}."
