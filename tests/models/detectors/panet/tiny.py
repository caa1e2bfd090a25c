"""PANet at its smallest, and the names of its losses."""

NECK = {"type": "FPEMFFM", "out_channels": 8}
HEAD = {"type": "PANHead", "hidden": 8}
MATCHING = {"map": "text_map", "mask": "text_mask", "loss": "mined_dice"}
TARGETS = {"type": "PANTargets"}
LOSSES = {"loss_text", "loss_kernel", "loss_embedding"}
