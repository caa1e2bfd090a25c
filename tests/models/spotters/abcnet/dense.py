"""Rows of an oracle file stacked to a batch, and its maps under our names."""

import numpy as np
import torch

from tcm.models.spotters.abcnet.levels import STRIDES
from tcm.models.spotters.abcnet.targets import assign_locations

LEVELS = [(f"p{level}", stride) for level, stride in enumerate(STRIDES, start=3)]
OUTPUTS = {"cls": "cls", "bbox": "box", "centerness": "centerness", "bezier": "bezier"}


def maps_of(data, prefix):
    """Return the four outputs of each level as `FCOSHead` names them, float32."""
    return {
        f"{ours}_{stride}": torch.from_numpy(data[f"{prefix}.{theirs}.{level}"]).float()
        for theirs, ours in OUTPUTS.items()
        for level, stride in LEVELS
    }


def stacked(tables):
    """Return arrays (N_i, ...) as one tensor (B, N, ...), padded with zeros, N at least 1."""
    longest = max(1, *(len(t) for t in tables))
    out = np.zeros((len(tables), longest, *tables[0].shape[1:]), tables[0].dtype)
    for padded, table in zip(out, tables, strict=True):
        padded[: len(table)] = table
    return torch.from_numpy(out)


def rows_of(data, without=()):
    """Return the rows of the images of ``fcos_targets_losses.npz``, and each row's text there.

    Args:
        data: The file.
        without: Images whose texts are left out.
    """
    size = tuple(data["cfg.image_size"].tolist())
    kept = [np.flatnonzero((data[f"gt{i}.ignored"] == 0) & (i not in without)) for i in range(2)]
    boxes = [data[f"gt{i}.bboxes"][index] for i, index in enumerate(kept)]
    beziers = [data[f"gt{i}.beziers"][index].astype(np.float32) for i, index in enumerate(kept)]
    tables = {
        "box_rows": boxes,
        "bezier_rows": beziers,
        "location_rows": [assign_locations(b, size) for b in boxes],
    }
    return {name: stacked(parts) for name, parts in tables.items()}, kept
