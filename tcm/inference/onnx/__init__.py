"""Running an exported model's folder with onnxruntime: no torch is imported here or below.

What is needed is numpy, OpenCV, shapely and onnxruntime (``requirements-onnx.txt``).
"""

from tcm.inference.onnx.opening import open_folder

__all__ = ["open_folder"]
