"""tcm turns a CLIP model into a scene text reader."""

__version__ = "0.1.0"
