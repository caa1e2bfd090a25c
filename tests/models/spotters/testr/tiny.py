"""TESTR at its smallest, and the names of its losses."""

NECK = {"type": "DeformableEncoder", "out_channels": 32, "layers": 1, "heads": 4, "ffn": 32}
HEAD = {
    "type": "TESTRHead",
    "charset": "digits10",
    "queries": 6,
    "points": 8,
    "length": 5,
    "transformer": {"type": "BoxDecoder", "layers": 2, "heads": 4, "ffn": 32},
}
MATCHING = {"map": "matching_map", "mask": "matching_mask", "loss": "dice"}
TARGETS = {"type": "TESTRTargets", "charset": "digits10", "points": 8, "length": 5}
_NAMES = ("loss_ce", "loss_texts", "loss_ctrl_points")
_ENCODER = ("loss_ce_enc", "loss_bbox_enc", "loss_giou_enc")
LOSSES = {*_NAMES, *(f"{name}_0" for name in _NAMES), *_ENCODER}
