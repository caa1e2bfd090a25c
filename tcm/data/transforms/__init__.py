"""Transforms ``(sample, rng) -> sample``; importing the package registers them."""

from tcm.data.transforms import crop, geometric, photometric, warp

__all__ = ["crop", "geometric", "photometric", "warp"]
