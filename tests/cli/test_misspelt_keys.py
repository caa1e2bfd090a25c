"""Every key of a config, misspelt, is refused where the config is read."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tcm.cli import configs
from tcm.errors import ConfigError

_CONFIGS = Path(__file__).parents[2] / "configs"
_FREE = {"metrics", "names", "aliases", "lr_multipliers"}  # their keys are names of the user's


def _misspelt(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path of each key and the whole with that key misspelt."""
    if isinstance(node, list):
        for i, entry in enumerate(node):
            for where, changed in _misspelt(entry, f"{path}[{i}]"):
                yield where, [*node[:i], changed, *node[i + 1 :]]
    if not isinstance(node, Mapping):
        return
    for key, value in node.items():
        where = f"{path}.{key}".lstrip(".")
        if not _FREE.intersection(path.split(".")):
            yield where, {f"{k}x" if k == key else k: v for k, v in node.items()}
        for below, changed in _misspelt(value, where):
            yield below, {**node, key: changed}


@pytest.mark.parametrize(
    "name",
    [
        "textdet/dbnet/dbnet_fasttcm-tiny_25e_icdar2015",
        "textdet/fcenet/fcenet_fasttcm-tiny_2000it_synthetic",
        "textspotting/abcnet/abcnet_fasttcm-tiny_3000it_synthetic",
        "textrecog/clip4str/clip4str_vit-tiny_20000it_synthetic",
    ],
)
def test_a_misspelt_key_is_refused(monkeypatch, name):
    path = f"{_CONFIGS / name}.yaml"
    config = configs.read_config(path)
    monkeypatch.setattr(configs, "kept_arguments", lambda *_: {})  # a hint's; it reads all files
    count, passed = 0, []
    for where, changed in _misspelt(config):
        count += 1
        monkeypatch.setattr(configs, "load_config", lambda *_, changed=changed: changed)
        try:
            configs.read_config(path)
        except ConfigError:
            continue
        passed.append(where)
    assert not passed
    assert count > 50
