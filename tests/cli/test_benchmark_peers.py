"""Networks of others take turns with ours, in processes of their own."""

import json
import sys

import pytest

from tcm.cli.benchmark import main
from tcm.errors import ConfigError
from tests.cli.tiny import CONFIG, write_config

# What `peer_process` asks of MMOCR, on a network of one layer.
PACKAGES = {
    "mmocr/__init__.py": "__version__ = '1.0.1'",
    "mmocr/utils.py": "def register_all_modules(): print('a library that is not silent')",
    "mmocr/structures.py": """
class TextDetDataSample:
    def set_metainfo(self, info): self.img_shape = info["img_shape"]
""",
    "mmocr/registry.py": """
import torch
class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.det_head = torch.nn.Conv2d(3, 1, 1)
        self.det_head.forward = lambda x, samples=None, mode='loss': x[:, :1] * self.det_head.weight
    def extract_feat(self, images): return images
    def loss(self, images, samples):
        assert len(samples) == 2 and sum(len(s.gt_instances.polygons) for s in samples)
        assert samples[0].img_shape == (64, 96)
        return {'a': self.det_head(images, samples).mean(), 'b': self.det_head.bias.sum()}
class MODELS:
    build = staticmethod(lambda config: Network())
""",
    "mmengine/__init__.py": "",
    "mmengine/structures.py": "class InstanceData: pass",
    "mmengine/config.py": """
from types import SimpleNamespace as S
class Config:
    @staticmethod
    def fromfile(path):
        optimizer = {'type': 'SGD', 'lr': 0.1}
        return S(model=S(backbone=S(init_cfg=1)), optim_wrapper=S(optimizer=optimizer))
""",
}
SMALL = ["--size", "64", "96", "--batch", "2", "--words", "2", "--device", "cpu", "--rounds", "2"]


def test_they_take_turns(tmp_path, capsys):
    for name, text in PACKAGES.items():
        (tmp_path / "lib" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "lib" / name).write_text(text)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path / "lib"} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    config, result = write_config(tmp_path, CONFIG), tmp_path / "peers.json"
    options = ["--config", config, *SMALL, "--json", str(result)]
    assert main(["peers", "--mmocr", str(python), *options]) == 0
    printed = capsys.readouterr().out
    assert "silent" not in printed and "batch 2, 64x96" in printed
    assert "| mmocr 1.0.1 float32" in printed and "| tcm bf16" in printed
    rows = json.loads(result.read_text())
    assert sorted(row["what"] for row in rows) == ["forward"] * 3 + ["train"] * 3
    assert all(len(row["ms"]) == 2 and min(row["ms"]) > 0 for row in rows)


@pytest.mark.parametrize(
    ("script", "expected"),
    [(None, "No such file or directory"), ("echo no doctr here >&2", "no doctr here")],
)
def test_an_environment_without_the_library_is_named(script, expected, tmp_path):
    python = tmp_path / "python"
    if script:
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
    with pytest.raises(ConfigError, match=f"--doctr {python}: {expected}"):
        main(["peers", "--doctr", str(python), "--config", write_config(tmp_path), *SMALL])


def test_an_environment_is_wanted(tmp_path):
    with pytest.raises(ConfigError, match="--mmocr or --doctr"):
        main(["peers", "--config", write_config(tmp_path), *SMALL])
