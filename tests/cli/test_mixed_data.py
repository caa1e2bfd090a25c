"""Training on a mix of datasets: a run that was stopped ends where a straight one does."""

import pytest
import torch

from tcm.cli.train import main
from tests.cli.tiny import CONFIG, write_config

PART = (
    "dataset: {type: SyntheticText, length: %d, seed: %d, size: [64, 64], words_per_image: [1, 2]}"
)
OWN = "pipeline: [{type: Warp}, {type: ColorJitter, brightness: 0.5}, {type: DBTargets}]"
PARTS = f"{{{PART % (7, 3)}, weight: 1}}, {{{PART % (3, 5)}, weight: 2, {OWN}}}"


@pytest.mark.parametrize("stop", [3, pytest.param(6, marks=pytest.mark.slow)])
def test_a_resumed_run_ends_where_a_straight_one_does(tmp_path, stop):
    single = PART % (10, 0)
    config = CONFIG.replace(
        single.replace("seed: 0, ", ""), f"dataset: {{type: Mix, parts: [{PARTS}]}}"
    )
    assert "Mix" in config
    path = write_config(tmp_path, config.replace("{type: Poly}", "{type: Constant}"))
    finals = []
    for name, steps in (("straight", [7]), ("stopped", [stop, 7])):
        for i, last in enumerate(steps):
            resume = ["--resume"] if i else []
            options = ["--cfg-options", f"trainer.max_steps={last}"]
            main([path, "--work-dir", str(tmp_path / name), *resume, *options])
        finals.append(torch.load(tmp_path / name / "last.ckpt", weights_only=True)["state_dict"])
    for name, value in finals[0].items():
        assert torch.equal(value, finals[1][name]), name
