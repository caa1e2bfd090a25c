"""What the configs of a method must say, by its authors' recipes."""

from functools import cache
from pathlib import Path

from tcm.cli.configs import read_config
from tcm.registry import MODELS, TRANSFORMS

CONFIGS = Path(__file__).resolve().parents[3] / "configs/textdet"
BACKBONES = ["fasttcm-cr50", "tcm-cr50", "clip-r50", "resnet50"]


@cache
def read(name):
    """Return the config of a name, which begins with its method; not to be changed."""
    return read_config(str(CONFIGS / name.partition("_")[0] / f"{name}.yaml"))


def targets_of(name):
    """Return the transform that makes the targets."""
    return TRANSFORMS.build(read(name)["data"]["train"]["pipeline"][-1])


def decoder_of(name):
    """Return the decoder."""
    return MODELS.build(read(name)["model"]["head"]["decode"])


def training_of(name):
    """Return size of test images, batch, optimiser and rate; the trunk learns at a tenth of it."""
    config = read(name)
    resize = config["data"]["val"]["pipeline"][0]
    optimizer = config["optimizer"]
    assert config["param_groups"] == {"lr_multipliers": {"backbone.trunk": 0.1}}
    return (
        resize.get("scale", resize.get("short_size")),
        config["data"]["train"]["batch_size"],
        optimizer["type"],
        optimizer["lr"],
    )


def check_tcms_recipe(name):
    """Check what all recipes of TCM's own have in common."""
    config = read(name)
    assert config["optimizer"] == {"type": "Ranger", "lr": 1e-3}
    assert config["schedule"] == {"type": "Poly", "power": 0.9, "min_lr": 1e-7, "by_epoch": True}
    assert config["data"]["train"]["batch_size"] == 16
    assert config["param_groups"]["norm_decay"] == ["backbone.trunk"]
