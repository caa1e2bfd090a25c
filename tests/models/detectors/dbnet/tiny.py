"""DBNet at its smallest, and the names of its losses."""

NECK = {"type": "FPNC", "lateral_channels": 16, "out_channels": 4}
HEAD = {"type": "DBHead"}
MATCHING = {}
TARGETS = {"type": "DBTargets"}
LOSSES = {"loss_prob", "loss_thr", "loss_db"}
