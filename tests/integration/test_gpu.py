"""What only a GPU shows: speed and mixed precision. Run: pytest -m gpu."""

import json
import statistics
from pathlib import Path

import pytest
import torch

from tcm.cli import benchmark
from tcm.registry import MODELS
from tests.models.tiny import BACKBONES, METHODS, detector, targets

ROOT = Path(__file__).resolve().parents[2]
WORD = [[[8, 8], [56, 8], [56, 40], [8, 40]]]

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


def test_fasttcm_is_as_much_faster_than_tcm_as_the_paper_says(tmp_path):
    folder = ROOT / "configs/textdet/dbnet"
    configs = [str(folder / f"dbnet_{n}-cr50_1200e_icdar2015.yaml") for n in ("tcm", "fasttcm")]
    result = tmp_path / "result.json"
    rounds = ["--rounds", "30", "--warmup", "10"]
    benchmark.main(["model", *configs, *rounds, "--json", str(result)])
    tcm, fast = (statistics.median(p["total_ms"]) for p in json.loads(result.read_text()))
    assert tcm / fast >= 1.485


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
