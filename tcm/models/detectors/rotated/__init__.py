"""Oriented boxes: rotated FCOS, ATSS and RetinaNet."""
