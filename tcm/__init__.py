"""tcm turns a CLIP model into a scene text reader."""

from tcm.deferred import TORCHMETRICS, defer

__version__ = "0.1.0"

for package in ("open_clip", "timm"):  # their layers are wanted
    defer(package)
defer("torchmetrics", TORCHMETRICS)
