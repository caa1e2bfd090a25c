"""The files of DOTA's Task 1 results."""

from tcm import inputs

TASK1 = r"Task1_(.+)\.txt"  # the name of a class
LARGEST = 16 * inputs.LABELS  # bytes of the detections of a class in all images
