"""Transforms ``(sample, rng) -> sample``; importing the package registers them."""

from tcm.data.transforms import (
    compose,
    crop,
    crop_around,
    crop_flip,
    crop_size,
    geometric,
    instance_crop,
    instances,
    photometric,
    resizing,
    turning,
    warp,
    word_augment,
    words,
)

__all__ = [
    "compose",
    "crop",
    "crop_around",
    "crop_flip",
    "crop_size",
    "geometric",
    "instance_crop",
    "instances",
    "photometric",
    "resizing",
    "turning",
    "warp",
    "word_augment",
    "words",
]
