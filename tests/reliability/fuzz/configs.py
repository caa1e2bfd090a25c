"""Fuzz target: config files, read and checked by every command, and written by ``train``."""

import tempfile
from pathlib import Path

from tcm.cli.configs import read_config
from tcm.config import dump_config, load_config

_CONFIGS = Path(__file__).resolve().parents[3] / "configs"
_BASES = "_base_: [base.yaml, base.yaml]\nmodel: {neck: {asf: true}}\ntrainer: {max_steps: 5}\n"
_SYNTAX = """\
_base_: base.yaml
trainer: &anchor {max_steps: 0x1F, gradient_clip: 1e-4, deterministic: yes, devices: "\\x31"}
load_from:
  converter: !!str out_channels
  checkpoint: >-
    ${oc.env:HOME,none}/${trainer.max_steps}${.converter}.ckpt
model:
  neck:
    _delete_: true
    type: FPNC
    out_channels: 16
    lateral_channels: ${model.neck.${load_from.converter}}
schedule: null
"""


def seeds(folder: Path) -> list[Path]:
    """Write small valid configs: real ones, flat, one with a base, and one of every syntax."""
    chosen = {
        "detector.yaml": _CONFIGS / "quickstart.yaml",
        "spotter.yaml": next((_CONFIGS / "textspotting/abcnet").glob("*tiny*.yaml")),
        "recognizer.yaml": next((_CONFIGS / "textrecog/parseq").glob("*.yaml")),
    }
    for name, path in chosen.items():
        dump_config(load_config(path), folder / name)
    (folder / "base.yaml").write_bytes((folder / "detector.yaml").read_bytes())
    (folder / "bases.yaml").write_text(_BASES, encoding="utf-8")
    (folder / "syntax.yaml").write_text(_SYNTAX, encoding="utf-8")
    return [*(folder / name for name in chosen), folder / "bases.yaml", folder / "syntax.yaml"]


def run(path: Path) -> None:
    """Read one config, write it and read it again; check it as a command does.

    Raises:
        ConfigError: It is refused.
    """
    config = load_config(path)
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "config.yaml"
        dump_config(config, written)
        assert repr(load_config(written)) == repr(config), "written and read it is another"
    read_config(str(path))
