"""The configs that ship, by their paths under configs/ without ``.yaml``."""

from functools import cache
from pathlib import Path

from tcm.cli.configs import read_config

ROOT = Path(__file__).resolve().parents[2] / "configs"
CONFIGS = sorted(
    p for p in ROOT.rglob("*.yaml") if "_base_" not in p.parts and p.parent.name != "studies"
)
NAMES = [str(p.relative_to(ROOT).with_suffix("")) for p in CONFIGS]
BACKBONES = ["fasttcm-cr50", "tcm-cr50", "clip-r50", "resnet50"]


@cache
def read_shipped(name):
    """Read a config, once; what is returned is not to be changed."""
    return read_config(str(ROOT / f"{name}.yaml"))
