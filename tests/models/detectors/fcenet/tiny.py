"""FCENet at its smallest, and the names of its losses."""

NECK = {"type": "FPN", "out_channels": 16}
HEAD = {"type": "FCEHead"}
MATCHING = {"map": "matching_map", "mask": "matching_mask", "upsample": 1}
TARGETS = {"type": "FCETargets"}
LOSSES = {"loss_text", "loss_center", "loss_reg_x", "loss_reg_y"}
