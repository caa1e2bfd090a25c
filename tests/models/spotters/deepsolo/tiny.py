"""DeepSolo at its smallest, and the names of its losses."""

NECK = {"type": "DeformableEncoder", "out_channels": 32, "layers": 1, "heads": 4, "ffn": 32}
HEAD = {
    "type": "DeepSoloHead",
    "charset": "digits10",
    "queries": 6,
    "points": 5,
    "transformer": {"type": "PointDecoder", "layers": 2, "heads": 4, "ffn": 32},
}
MATCHING = {"map": "matching_map", "mask": "matching_mask", "loss": "dice"}
TARGETS = {"type": "DeepSoloTargets", "charset": "digits10", "points": 5, "length": 5}
_NAMES = ("loss_ce", "loss_texts", "loss_ctrl_points", "loss_bd_points")
LOSSES = {*_NAMES, *(f"{name}_0" for name in _NAMES), "loss_ce_enc", "loss_bezier_enc"}
