"""What only a GPU shows: speed and mixed precision. Run: pytest -m gpu."""

import json
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tcm.cli import benchmark
from tcm.devices import autocast, set_float32, to_host
from tcm.registry import MODELS
from tests.cli.tiny import write_config
from tests.models.tiny import BACKBONES, METHODS, detector, targets

ROOT = Path(__file__).resolve().parents[2]
WORD = [[[8, 8], [56, 8], [56, 40], [8, 40]]]

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


def test_fasttcm_is_as_much_faster_than_the_released_tcm_as_the_paper_says(tmp_path):
    """The released TCM encodes 18 tokens for each image, ours no more than it has."""
    folder, compat = ROOT / "configs/textdet/dbnet", ROOT / "configs/_base_/compat/tcm.yaml"
    ours, fast = (folder / f"dbnet_{n}-cr50_1200e_icdar2015.yaml" for n in ("tcm", "fasttcm"))
    released = tmp_path / "released.yaml"
    released.write_text(f"_base_: [{ours}, {compat}]\n")
    result = tmp_path / "result.json"
    rounds = ["--rounds", "30", "--warmup", "10"]
    configs = [str(path) for path in (released, ours, fast)]
    benchmark.main(["model", *configs, *rounds, "--json", str(result)])
    profiles = json.loads(result.read_text())
    slow, own, quick = (statistics.median(profile["total_ms"]) for profile in profiles)
    assert slow / quick >= 1.485
    assert own > quick


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("polygons", [WORD, []])
def test_losses_and_gradients_are_finite(name, method, dtype, polygons):
    torch.manual_seed(0)
    model = (
        MODELS.build(detector(name, method)).to("cuda", memory_format=torch.channels_last).train()
    )
    images = torch.randint(0, 256, (2, 3, 64, 96), dtype=torch.uint8, device="cuda")
    maps = targets(polygons, [False] * len(polygons), 64, 96, method)
    maps = {name: value.cuda() for name, value in maps.items()}
    with torch.autocast("cuda", dtype, enabled=dtype != torch.float32):
        losses = model.loss(images, maps)
    assert all(torch.isfinite(loss) for loss in losses.values())
    sum(losses.values()).backward()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("method", METHODS)
def test_batches_are_predicted_without_a_wait_but_for_the_spotter(method):
    """The host enqueues forward pass, thresholds and copy; it waits in the decoding threads."""
    torch.manual_seed(0)
    model = MODELS.build(detector("FastTCM", method)).eval()
    model.deploy()
    model.to("cuda", memory_format=torch.channels_last)
    images = torch.randint(0, 256, (2, 3, 64, 96), dtype=torch.uint8, device="cuda")
    with torch.inference_mode():
        to_host(model.outputs(images)).wait()  # what is made once
        torch.cuda.set_sync_debug_mode("warn" if method == "abcnet" else "error")
        try:
            sent = to_host(model.outputs(images))
        finally:
            torch.cuda.set_sync_debug_mode("default")
    found = model.texts_of(sent.wait(), [np.eye(3)] * 2, [(64, 96)] * 2)
    assert len(found) == 2


@pytest.mark.parametrize("precision", ["bf16", "fp16", "tf32"])
@pytest.mark.parametrize("method", METHODS)
def test_outputs_of_every_precision_are_near_those_in_float32(method, precision):
    torch.manual_seed(0)
    device = torch.device("cuda")
    model = MODELS.build(detector("FastTCM", method)).eval()
    model.deploy()
    model.to(device, memory_format=torch.channels_last)
    images = torch.randint(0, 256, (2, 3, 64, 96), dtype=torch.uint8, device=device)
    with torch.inference_mode():
        set_float32(tf32=False)
        predictions, _ = model(images)
        set_float32(tf32=precision == "tf32")
        with autocast(precision, device):
            rough, _ = model(images)
    for name, value in predictions.items():
        spread = value.float().std().clamp(min=0.1)
        assert (rough[name].float() - value.float()).abs().max() < spread, name


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
@pytest.mark.parametrize("switch", ["trainer.compile=true", "trainer.deterministic=false"])
def test_a_run_trains_with_the_switches(tmp_path, strategy, switch):
    run = tmp_path / "run"
    command = [sys.executable, "tools/train.py", write_config(tmp_path), "--work-dir", str(run)]
    options = [f"trainer.strategy={strategy}", "trainer.accelerator=cuda", switch]
    command += ["--devices", "1", "--cfg-options", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (run / "inference.ckpt").exists()
