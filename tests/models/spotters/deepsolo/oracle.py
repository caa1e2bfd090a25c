"""The spotter of the oracle as ours, and the targets of the oracles as batches have them."""

import torch

from tcm.models.necks.deformable_encoder import DeformableEncoder
from tcm.models.spotters.deepsolo.converters import PREFIX, rename
from tcm.models.spotters.deepsolo.head import DeepSoloHead

CHARACTERS = {37: "abcdefghijklmnopqrstuvwxyz0123456789", 96: "".join(map(chr, range(32, 127)))}
KEYS = {"beziers": "bezier_rows", "ctrl_points": "point_rows", "bd_points": "boundary_rows"}


def charset(voc):
    """Return a set of as many classes with the unknown one; its characters don't matter."""
    known = CHARACTERS.get(voc) or "".join(chr(0x4E00 + i) for i in range(voc - 1))
    return {"characters": known, "unknown_symbol": ""}


def loss_config(weights):
    return {
        "type": "DeepSoloLoss",
        "class_weight": weights["POINT_CLASS_WEIGHT"],
        "point_weight": weights["POINT_COORD_WEIGHT"],
        "text_weight": weights["POINT_TEXT_WEIGHT"],
        "boundary_weight": weights["BOUNDARY_WEIGHT"],
        "encoder_class_weight": weights["BEZIER_CLASS_WEIGHT"],
        "bezier_weight": weights["BEZIER_COORD_WEIGHT"],
        "samples": weights["BEZIER_SAMPLE_POINTS"],
    }


def parts_of(config):
    """Return neck and head of a config of the oracles."""
    d, heads, ffn = (config[name] for name in ("d_model", "heads", "ffn"))
    channels = config.get("channels", [6, 10, 14])
    neck = DeformableEncoder(
        [4, *channels], d, layers=config["enc"], heads=heads, points=config["enc_pts"], ffn=ffn
    )
    transformer = {
        "type": "PointDecoder", "layers": config["dec"], "heads": heads,
        "samples": config["dec_pts"], "ffn": ffn,
    }  # fmt: skip
    head = DeepSoloHead(
        d,
        charset(config["voc"]),
        config["queries"],
        config["points"],
        transformer,
        loss_config(config["loss_weights"]) if "loss_weights" in config else None,
    )
    return neck, head


def loaded(oracle):
    """Return neck and head with the parameters of the oracle, all of them."""
    neck, head = parts_of(oracle.config)
    ours = {rename(name): value for name, value in oracle.below("param/").items()}
    assert all(ours)
    for prefix, part in (("neck.", neck), ("head.", head)):
        state = {k.removeprefix(prefix): v for k, v in ours.items() if k.startswith(prefix)}
        part.load_state_dict(state)
    return neck, head


def parameter(neck, head, name):
    """Return our parameter of a name of the authors."""
    part, _, own = rename(PREFIX + name.removeprefix(PREFIX)).partition(".")
    return {"neck": neck, "head": head}[part].get_parameter(own)


def targets_of(oracle, images, sizes=None):
    """Return the oracle's targets of images as `DeepSoloTargets` and the batch make them."""
    counts = [len(oracle[f"target/{i}/labels"]) for i in range(images)]
    rows = max(1, *counts)
    found = {}
    for theirs, ours in {**KEYS, "texts": "text_rows"}.items():
        tables = [oracle[f"target/{i}/{theirs}"].flatten(1) for i in range(images)]
        dtype = torch.int64 if theirs == "texts" else torch.float32
        found[ours] = torch.zeros(images, rows, tables[0].shape[1], dtype=dtype)
        for i, table in enumerate(tables):
            found[ours][i, : len(table)] = table
    valid = torch.arange(rows) < torch.tensor(counts)[:, None]
    found["valid_rows"] = found["readable_rows"] = valid.to(torch.uint8)
    if sizes is not None:
        found["size_rows"] = sizes.unsqueeze(1)
    return found
