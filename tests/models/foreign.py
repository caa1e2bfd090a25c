"""Foreign checkpoints made of our own state dicts, to be loaded through a compat base."""

import re
from pathlib import Path

import torch

from tcm.cli.configs import read_config
from tcm.engine.checkpoint import (
    load_model,
    load_parameters,
    read_checkpoint,
    without_pretrained,
)
from tcm.registry import MODELS

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
# What names of ours are in all checkpoints of MMOCR, written down apart from the rules under test.
_MMOCR = ((r"^backbone\.trunk\.", "backbone."), (r"^head\.", "det_head."))


def compat_config(folder, config, converter, options=()):
    """Return the config with the compat base of a converter after it.

    Args:
        folder: Where the file is written that names both.
        config: Path under ``configs/``, without suffix.
        converter: Its name.
        options: As of `read_config`.
    """
    bases = [CONFIGS / f"{config}.yaml", CONFIGS / "_base_" / "compat" / f"{converter}.yaml"]
    path = folder / "compat.yaml"
    path.write_text(f"_base_: [{', '.join(map(str, bases))}]\n", encoding="utf-8")
    return read_config(str(path), options)


def mmocr_name(name, rules):
    """Return MMOCR's name of a parameter or buffer of ours, by patterns and their replacements."""
    for pattern, replacement in (*rules, *_MMOCR):
        name = re.sub(pattern, replacement, name)
    return name


def load_foreign(folder, config, converter, foreign, extra=(), key="state_dict"):
    """Save what a foreign checkpoint of the network would hold, load it, and check every value.

    Args:
        folder: Where the checkpoint is written.
        config: The network's, resolved.
        converter: Its name.
        foreign: Function from our name to the foreign one.
        extra: Names that the checkpoint has besides.
        key: Under which it has the parameters.

    Returns:
        The loaded model, not deployed: deploying folds parameters into each other.
    """
    with torch.device("meta"):
        wanted = MODELS.build(without_pretrained(config["model"]), "model").state_dict()
    torch.manual_seed(0)
    # A number each, spread over the shape: the file stays small.
    values = {name: torch.randn(()).expand(v.shape).to(v.dtype) for name, v in wanted.items()}
    state = {foreign(name): value for name, value in values.items()}
    assert len(state) == len(values)
    assert not set(state) & set(extra)
    path = folder / "foreign.ckpt"
    torch.save({key: state | {name: torch.zeros(1) for name in extra}}, path)
    load_model(config["model"], path, converter)
    model = MODELS.build(without_pretrained(config["model"]), "model")
    load_parameters(model, read_checkpoint(path, converter)[0], str(path))
    found = model.state_dict()
    assert set(found) == set(values)
    assert all(torch.equal(found[name], value) for name, value in values.items())
    return model
