"""Where a network runs, how precisely, and how its results come back to the host."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from tcm.errors import ConfigError

log = logging.getLogger("tcm")

Precision = Literal["auto", "float32", "tf32", "bf16", "fp16"]


def choose_device(name: str | None) -> torch.device:
    """Return the device of a name, or CUDA where there is one and else the CPU.

    Raises:
        ConfigError: There is no device of this name.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    gpus = torch.cuda.device_count()
    if (device.type, device.index or 0) not in {("cpu", 0), *(("cuda", i) for i in range(gpus))}:
        known = ", ".join(["cpu", *(f"cuda:{i}" for i in range(gpus))])
        raise ConfigError(f"--device {name}: there is no such device; known: {known}")
    return device


def has_bf16(device: torch.device) -> bool:
    """Tell whether a device has instructions for bf16; one without is slower in it than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))


def resolve_precision(precision: Precision, device: torch.device) -> Precision:
    """Return what ``auto`` means on a device: bf16 on GPUs that have it, else float32.

    On a CPU it is float32, so that scores do not depend on the processor. Bf16 on one without
    instructions for it is warned of: it is slow there.
    """
    if precision == "auto":
        return "bf16" if device.type == "cuda" and has_bf16(device) else "float32"
    if precision == "bf16" and not has_bf16(device):
        log.warning("bf16: this %s has no instructions for it; float32 is faster", device.type)
    return precision


def mixed_precision(device: torch.device) -> Precision:
    """Return what ``--amp`` means on a device: bf16, or fp16 on GPUs that lack it."""
    return "fp16" if device.type == "cuda" and not has_bf16(device) else "bf16"


def set_float32(tf32: bool) -> None:
    """Allow or forbid TF32, 10 bits of mantissa, in float32 convolutions and products on GPUs."""
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """Return the context that a forward pass of a precision, not ``auto``, runs in."""
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)
    return nullcontext() if dtype is None else torch.autocast(device.type, dtype)


def on_device(values: Tensor | Sequence, device: torch.device) -> Tensor:
    """Return numbers of the host on the device; the host does not wait until it has them.

    From ordinary memory a copy begins when the device has done all that was asked of it before,
    and the host waits for that; from page-locked memory it takes its place in the queue.
    """
    tensor = torch.as_tensor(values)
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


@dataclass(frozen=True)
class HostTensors:
    """Tensors on their way to the host.

    Attributes:
        tensors: On the host; to be read after `wait`.
        arrived: Recorded behind their copy; None where there was nothing to copy.
    """

    tensors: dict[str, Tensor]
    arrived: torch.cuda.Event | None = None

    def wait(self) -> dict[str, Tensor]:
        """Return the tensors once they have arrived."""
        if self.arrived is not None:
            self.arrived.synchronize()
        return self.tensors

    def ready(self) -> bool:
        """Tell whether they have arrived."""
        return self.arrived is None or self.arrived.query()


def to_host(tensors: Mapping[str, Tensor]) -> HostTensors:
    """Copy tensors of one device to the host, those of a GPU in one transfer that none waits for.

    They are packed on the device into one buffer, the widest types first so that each is aligned,
    and copied into page-locked memory.
    """
    if not any(tensor.is_cuda for tensor in tensors.values()):
        return HostTensors({name: tensor.detach().cpu() for name, tensor in tensors.items()})
    ordered = sorted(tensors.items(), key=lambda entry: -entry[1].element_size())
    packed = torch.cat([t.detach().contiguous().flatten().view(torch.uint8) for _, t in ordered])
    buffer = torch.empty(packed.shape, dtype=torch.uint8, pin_memory=True)
    buffer.copy_(packed, non_blocking=True)
    arrived = torch.cuda.Event()
    arrived.record(torch.cuda.current_stream(packed.device))
    return HostTensors(_unpacked(buffer, dict(ordered)), arrived)


def _unpacked(buffer: Tensor, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return views of a byte buffer of the types and shapes of tensors that were packed in it."""
    sizes = [tensor.numel() * tensor.element_size() for tensor in like.values()]
    return {
        name: part.view(tensor.dtype).view(tensor.shape)
        for (name, tensor), part in zip(like.items(), buffer.split(sizes), strict=True)
    }
