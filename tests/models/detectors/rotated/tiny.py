"""Rotated FCOS at its smallest, and the names of its losses; the other two heads are its like."""

NECK = {"type": "FPNP3P7", "out_channels": 16}
HEAD = {"type": "RotatedFCOSHead", "width": 16, "groups": 4, "depth": 1}
MATCHING = {"map": "class_map", "mask": "class_mask", "upsample": None}
TARGETS = {"type": "RotatedBoxTargets"}
LOSSES = {"loss_cls", "loss_box", "loss_centerness"}
