"""An image of 8000 x 8000 pixels in bounded memory, measured in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MEASURED = """
import resource, sys, time
from pathlib import Path
import cv2, numpy as np, torch
import tcm
from tcm.cli.configs import read_config
from tcm.engine.checkpoint import save_inference_checkpoint
from tcm.registry import MODELS

folder, side = Path(sys.argv[1]), int(sys.argv[2])
name = "objectdet/rotated_fcos/rotated-fcos_fasttcm-tiny_900it_synthetic"
# Of random weights nothing is sure: what is surest of each level is taken.
options = ["model.head.decode.score_thr=0", "model.head.decode.nms_pre=200"]
config = read_config(name, [*options, "objects.classes=[text]"])
torch.manual_seed(0)
save_inference_checkpoint(MODELS.build(config["model"], "model"), config, folder / "tiny.ckpt")
tile = np.random.default_rng(0).integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
image = np.tile(cv2.blur(tile, (9, 9)), (8, 8, 1))
cv2.imwrite(str(folder / "large.jpg"), image)
del image, tile
model = tcm.load(folder / "tiny.ckpt", device="cpu")
begin = time.process_time()
result = model(folder / "large.jpg")
seconds = time.process_time() - begin
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
windows = len(tcm.geometry.windows.windows(side, side, model.chain.policy.cutting))
print(f"{side}x{side}: {windows} windows, {len(result.objects)} objects, "
      f"{seconds:.0f} s of CPU, peak {peak:.2f} GiB")
"""


@pytest.mark.slow
def test_8000_by_8000_pixels_in_four_gigabytes(tmp_path, capsys):
    command = [sys.executable, "-c", MEASURED, str(tmp_path), "8000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with capsys.disabled():
        sys.stdout.write(f"\n{done.stdout}")
    assert "100 windows" in done.stdout and " 0 objects" not in done.stdout
    assert float(done.stdout.split("peak ")[1].split()[0]) < 4e9 / 2**30
