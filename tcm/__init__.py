"""tcm turns a CLIP model into a scene text reader."""

from tcm.deferred import NAMES, defer

__version__ = "0.1.0"

for package, names in NAMES.items():
    defer(package, names)
