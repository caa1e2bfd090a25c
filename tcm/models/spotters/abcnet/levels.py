"""The levels P3 to P7 on which ABCNet detects, and those it reads from; no torch is needed.

Tian et al., "FCOS: Fully Convolutional One-Stage Object Detection", ICCV 2019, section 3.2.
"""

STRIDES = (8, 16, 32, 64, 128)  # network pixels per pixel of a level
POOLED_STRIDES = (4, 8, 16)  # of the levels P2 to P4, which texts are read from

# A location of a level learns a box if the greatest of the four distances to its sides, in network
# pixels, lies between these, both included.
RANGES = ((-1.0, 64.0), (64.0, 128.0), (128.0, 256.0), (256.0, 512.0), (512.0, 1e8))


def level_size(size: tuple[int, int], stride: int) -> tuple[int, int]:
    """Return the (height, width) of a level under an image of (height, width) network pixels."""
    return -(-size[0] // stride), -(-size[1] // stride)
