"""Decoders of every method: maps of whatever numbers, as diverged networks give them."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tcm.devices import to_host
from tcm.registry import MODELS
from tests.models.tiny import METHODS, detector

_SIZE = (64, 96)  # of the images
_MATRIX = np.diag([0.5, 0.5, 1.0])


@cache
def _model(method: str) -> tuple[Any, dict[str, torch.Tensor]]:
    """Return a head and predictions of its network."""
    torch.manual_seed(0)
    model = MODELS.build(detector("ResNet", method), "model").eval()
    with torch.no_grad():
        return model.head, model(torch.rand(1, 3, *_SIZE) * 255)[0]


def seeds(folder: Path) -> list[Path]:
    """Write the predictions of each method: as they are, and large."""
    paths = []
    for method in METHODS:
        _, predictions = _model(method)
        flat = torch.cat([value.flatten().float() for value in predictions.values()]).numpy()
        for name, scale in (("plain", 1), ("loud", 30)):
            paths.append(folder / f"{method}+{name}.bin")
            paths[-1].write_bytes((flat * scale).astype(np.float32).tobytes())
    return paths


def run(path: Path) -> None:
    """Decode predictions of the numbers of a file, repeated or cut to their count."""
    head, predictions = _model(path.name.partition("+")[0])
    raw = path.read_bytes()
    count = sum(value.numel() for value in predictions.values())
    flat = np.resize(np.frombuffer(raw[: len(raw) // 4 * 4] or bytes(4), np.float32), count).copy()
    parts = torch.from_numpy(flat).split([value.numel() for value in predictions.values()])
    changed = {
        name: part.view(value.shape).to(value.dtype)
        for (name, value), part in zip(predictions.items(), parts, strict=True)
    }
    with torch.no_grad():
        outputs = to_host(head.outputs(changed)).wait()
    if not np.isfinite(flat).all():
        return  # such images are refused before this
    (found,) = head.texts_of(outputs, [_MATRIX], [_SIZE])
    scores = np.zeros(0) if found.scores is None else found.scores
    assert np.isfinite(scores).all(), "a score that is not finite left the decoder"
    for polygon in found.polygons:
        assert np.isfinite(polygon).all(), "a polygon that is not finite left the decoder"
