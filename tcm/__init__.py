"""tcm turns a CLIP model into a scene text reader."""

from tcm.deferred import TORCHMETRICS, defer

__version__ = "0.1.0"

defer("open_clip")
defer("torchmetrics", TORCHMETRICS)
