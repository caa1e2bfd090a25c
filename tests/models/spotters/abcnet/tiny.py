"""ABCNet at its smallest, and the names of its losses."""

NECK = {"type": "FPNP2P7", "out_channels": 16}
HEAD = {
    "type": "ABCNetHead",
    "detector": {"type": "FCOSHead", "width": 16, "groups": 4, "depth": 1},
    "recognizer": {
        "type": "AttentionRecognizer",
        "charset": "digits10",
        "length": 3,
        "hidden": 8,
        "groups": 4,
    },
}
MATCHING = {"map": "matching_map", "mask": "matching_mask", "loss": "dice"}
TARGETS = {"type": "ABCNetTargets", "charset": "digits10", "length": 3}
LOSSES = {"loss_cls", "loss_box", "loss_centerness", "loss_bezier", "loss_recognition"}
