"""What the host knows, brought to the device in the middle of a training step."""

from collections.abc import Sequence

import torch
from torch import Tensor


def on_device(values: Tensor | Sequence, device: torch.device) -> Tensor:
    """Return numbers of the host on the device; the host does not wait until it has them.

    From ordinary memory a copy begins when the device has done all that was asked of it before,
    and the host waits for that; from page-locked memory it takes its place in the queue.
    """
    tensor = torch.as_tensor(values)
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)
