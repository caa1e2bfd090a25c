"""Detectron2's names of a ResNet's parameters and buffers, as spotters on AdelaiDet have them.

| Detectron2 | ours |
|---|---|
| ``stem.conv1.*``, ``stem.conv1.norm.*`` | ``backbone.trunk.conv1.*``, ``backbone.trunk.bn1.*`` |
| ``res2`` to ``res5`` | ``backbone.trunk.layer1`` to ``layer4`` |
| ``conv1`` to ``conv3``, ``convN.norm`` of a block | ``conv1`` to ``conv3``, ``bnN`` |
| ``shortcut``, ``shortcut.norm`` | ``downsample.0``, ``downsample.1`` |
"""

import re

BACKBONE = "backbone.0.backbone."  # what stands before the names
_RULES = (
    (r"^stem\.conv1\.norm\.", "bn1."),
    (r"^stem\.conv1\.", "conv1."),
    (r"\.conv(\d)\.norm\.", r".bn\1."),
    (r"\.shortcut\.norm\.", ".downsample.1."),
    (r"\.shortcut\.", ".downsample.0."),
)


def renamed_resnet(name: str) -> str:
    """Return our name of a parameter or buffer of the backbone.

    Args:
        name: Such as ``backbone.0.backbone.res2.0.shortcut.weight``.
    """
    name = name.removeprefix(BACKBONE)
    name = re.sub(r"^res([2-5])\.", lambda match: f"layer{int(match[1]) - 1}.", name)
    for pattern, replacement in _RULES:
        name = re.sub(pattern, replacement, name)
    return f"backbone.trunk.{name}"
