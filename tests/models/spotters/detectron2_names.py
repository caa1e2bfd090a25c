"""Detectron2's names of torchvision's ResNet, written down apart from the rules under test."""

import re

_NAMES = (
    (r"^backbone\.trunk\.conv1\.", "stem.conv1."),
    (r"^backbone\.trunk\.bn1\.", "stem.conv1.norm."),
    (r"\.bn(\d)\.", r".conv\1.norm."),
    (r"\.downsample\.0\.", ".shortcut."),
    (r"\.downsample\.1\.", ".shortcut.norm."),
    *((rf"^backbone\.trunk\.layer{i}\.", f"res{i + 1}.") for i in range(1, 5)),
)


def resnet_name(name):
    """Return the authors' name of a parameter or buffer of the backbone."""
    for pattern, replacement in _NAMES:
        name = re.sub(pattern, replacement, name)
    return f"backbone.0.backbone.{name}"


def foreign_name(name, prefix, rules):
    """Return the name in a checkpoint of AdelaiDet's spotters, by patterns of neck and head."""
    if name.startswith("backbone."):
        return prefix + resnet_name(name)
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return prefix + name
