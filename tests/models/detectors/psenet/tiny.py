"""PSENet at its smallest, and the names of its losses."""

NECK = {"type": "FPNF", "out_channels": 8}
HEAD = {"type": "PSEHead", "hidden": 8}
MATCHING = {"map": "text_map", "mask": "text_mask", "loss": "mined_dice"}
TARGETS = {"type": "PSETargets"}
LOSSES = {"loss_text", "loss_kernel"}
