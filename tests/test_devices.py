"""Devices, precisions and the way of results to the host."""

import pytest
import torch

from tcm.devices import (
    _unpacked,
    autocast,
    choose_device,
    resolve_precision,
    set_float32,
    to_host,
)
from tcm.errors import ConfigError


def test_a_device_is_taken_by_name_or_by_what_there_is(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda:1") == torch.device("cuda", 1)
    for available, kind in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda value=available: value)
        assert choose_device(None).type == kind
    assert choose_device("cpu").type == "cpu"


@pytest.mark.parametrize("name", ["gpu", "cuda:9"])
def test_a_device_that_is_not_there_is_named(name):
    with pytest.raises(ConfigError, match=f"--device {name}: "):
        choose_device(name)


def test_auto_is_bf16_on_gpus_that_have_it(monkeypatch):
    for has, wanted in ((True, "bf16"), (False, "float32")):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda value=has, **_: value)
        assert resolve_precision("auto", torch.device("cuda")) == wanted
    assert resolve_precision("auto", torch.device("cpu")) == "float32"


@pytest.mark.parametrize("has", [True, False])
def test_bf16_without_instructions_for_it_is_warned_of(monkeypatch, caplog, has):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "avx512_bf16": has})
    assert resolve_precision("bf16", torch.device("cpu")) == "bf16"
    assert ("no instructions" in caplog.text) is not has


def test_only_the_short_types_switch_autocast_on():
    device = torch.device("cpu")
    for precision, dtype in (
        ("bf16", torch.bfloat16),
        ("fp16", torch.float16),
        ("float32", torch.float32),
        ("tf32", torch.float32),
    ):
        with autocast(precision, device):
            assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


def test_tf32_is_allowed_and_forbidden_in_convolutions_and_products():
    for allowed in (True, False):
        set_float32(allowed)
        assert torch.backends.cuda.matmul.allow_tf32 is allowed
        assert torch.backends.cudnn.allow_tf32 is allowed


def test_tensors_of_any_types_are_unpacked_from_one_buffer():
    tensors = {
        "a": torch.arange(3),
        "b": torch.rand(2, 3),
        "c": torch.rand(5).half(),
        "d": torch.tensor([[True], [False], [True]]),
        "e": torch.zeros(0, 4),
    }
    ordered = dict(sorted(tensors.items(), key=lambda entry: -entry[1].element_size()))
    packed = torch.cat([tensor.flatten().view(torch.uint8) for tensor in ordered.values()])
    for name, tensor in _unpacked(packed, ordered).items():
        assert tensor.dtype == tensors[name].dtype and tensor.equal(tensors[name])


def test_host_tensors_carry_no_graph():
    made = to_host({"a": torch.ones(2, requires_grad=True) * 2}).wait()
    assert not made["a"].requires_grad


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_tensors_of_a_gpu_come_in_one_transfer_without_a_wait():
    tensors = {
        "mask": torch.rand(2, 64, 96, device="cuda") > 0.5,
        "map": torch.rand(2, 96, 64, device="cuda").mT,  # a view that is not contiguous
        "half": torch.rand(2, 3, device="cuda").half(),
        "ids": torch.arange(7, device="cuda"),
    }
    torch.cuda.set_sync_debug_mode("error")
    try:
        sent = to_host(tensors)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    for name, tensor in sent.wait().items():
        assert tensor.device.type == "cpu" and tensor.equal(tensors[name].cpu())
