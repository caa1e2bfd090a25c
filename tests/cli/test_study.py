"""A study of many configs: which cells are run, what is reported, and when a claim holds."""

import json
from pathlib import Path

import pytest

from tcm.cli import cells, fewshot
from tcm.cli.cells import length_of
from tcm.cli.study import read_study
from tcm.cli.study_report import Claim, Key, differences, half_width, plot
from tcm.data.loading.datamodule import DataModule
from tcm.errors import ConfigError
from tcm.evaluation.ltb import PARTS
from tcm.shipped import configs_folder
from tests.cli.tiny import write_config

STUDY = """
configs:
  plain: {0}
  with prompts: {0}
test_sets: {{own: null, other: other.yaml}}
claims:
  prompts help:
    - [with prompts, plain]
fractions: [0.5, 1.0]
seeds: [0, 1]
size: [64, 64]
"""


@pytest.fixture
def calls(monkeypatch):
    """Note the commands instead of running them; tests and timings leave made-up figures."""
    noted = []

    def call(tool, *arguments):
        noted.append((tool, arguments))
        if tool == "train":
            folder = Path(arguments[arguments.index("--work-dir") + 1])
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "inference.ckpt").touch()
        if tool == "test":
            path = Path(arguments[arguments.index("--scores") + 1])
            seed = int(path.parent.name[-1])
            hmean = 0.2 + 0.1 * ("with" in str(path)) * (1 + seed)
            headline = {"precision": 0.5, "hmean": hmean}
            path.write_text(json.dumps({"icdar2015": {"headline": headline}}))
        if tool == "benchmark":
            timed = [{"total_ms": [3.0, 1.0, 2.0]}, {"total_ms": [5.0]}]
            Path(arguments[arguments.index("--json") + 1]).write_text(json.dumps(timed))

    monkeypatch.setattr(cells, "call", call)
    monkeypatch.setattr("tcm.cli.study.call", call)
    return noted


@pytest.fixture
def run(tmp_path):
    """Return a function that runs the study with further options and returns its folder."""
    file = tmp_path / "study.yaml"
    file.write_text(STUDY.format(write_config(tmp_path)))

    def run(*more):
        assert fewshot.main([str(file), "--work-dir", str(tmp_path / "out"), *more]) == 0
        return tmp_path / "out"

    return run


def test_every_cell_is_trained_and_scored_on_every_test_set(run, calls, tmp_path):
    root = run()
    trained = [arguments for tool, arguments in calls if tool == "train"]
    tested = [arguments for tool, arguments in calls if tool == "test"]
    assert len(trained) == 8 and len(tested) == 16
    assert all("trainer.max_steps=7" in arguments for arguments in trained)
    assert sum(str(tmp_path / "other.yaml") in arguments for arguments in tested) == 8
    content = json.loads((root / "study.json").read_text())
    (own,) = [d for d in content["differences"] if (d["test_set"], d["fraction"]) == ("own", 1.0)]
    assert own["gains"] == pytest.approx([0.1, 0.2])
    assert content["milliseconds"] == {"plain": 2.0, "with prompts": 5.0}
    assert (root / "prompts_help.png").read_bytes().startswith(b"\x89PNG")
    table = (root / "study.md").read_text().splitlines()
    assert table[2].startswith("| plain | 20.00 ± 0.00 (2) | ") and table[2].endswith("| 2.0 |")


def test_started_again_it_runs_what_is_missing(run, calls):
    root = run()
    calls.clear()
    cell = root / "plain/fraction_0.5_seed_1"
    (cell / "scores_other.json").unlink()
    run()
    assert [tool for tool, _ in calls] == ["test"]
    (cell / "scores_other.json").unlink()
    (cell / "inference.ckpt").unlink()
    calls.clear()
    run()
    assert [tool for tool, _ in calls] == ["train", "test"] and "--resume" in calls[0][1]


def test_cells_that_are_missing_stay_blank(run, calls):
    root = run("--only", "pl*", "--fractions", "0.5", "--seeds", "0")
    assert [tool for tool, _ in calls] == ["train", "test", "test", "benchmark"]
    table = (root / "study.md").read_text().splitlines()
    assert table[2] == "| plain | 20.00 (1) |  | 20.00 (1) |  | 2.0 |"
    assert table[3] == "| with prompts |  |  |  |  | 5.0 |"
    assert "| prompts help | with prompts | plain | own | 50 % |  |  |  |" in table


def test_a_report_runs_nothing(run, calls):
    assert (run("--report") / "study.md").exists() and not calls


def test_a_test_set_may_be_a_change_of_the_configs_own(run, calls, tmp_path):
    file = tmp_path / "study.yaml"
    text = file.read_text().replace("other: other.yaml", "other: [data.val.batch_size=1, a.b=c]")
    file.write_text(text.replace("fractions: [0.5, 1.0]", "fractions: [1.0]"))
    root = run("--only", "plain", "--seeds", "0", "--cfg-options", "data.num_workers=0")
    own, other = ([*a[a.index("--cfg-options") :]] for tool, a in calls if tool == "test")
    assert own == ["--cfg-options", "data.num_workers=0"]
    assert other == ["--cfg-options", "data.num_workers=0", "data.val.batch_size=1", "a.b=c"]
    assert not any("--test-set" in arguments for _, arguments in calls)
    table = (root / "study.md").read_text().splitlines()
    assert table[0] == "| config | own | other | ms an image |"  # of all data, as nothing else is
    assert table[2] == "| plain | 20.00 (1) | 20.00 (1) | 2.0 |"
    assert not list(root.glob("*.png"))  # there is no fraction to plot over


def test_a_cell_is_as_long_as_its_training_of_several_batches_a_step():
    """Ten images in batches of two, of which two make a step: two steps an epoch."""
    stage = {"batch_size": 2, "dataset": {"type": "SyntheticText", "length": 10}, "pipeline": []}
    trainer = {"max_epochs": 3, "total_batch": 4, "accelerator": "cpu", "devices": 1}
    steps = length_of({"trainer": trainer}, DataModule(train=stage))
    assert steps[:2] == ["trainer.max_steps=6", "trainer.val_every_steps=2"]


def test_a_claim_holds_where_the_interval_leaves_out_nothing():
    assert half_width([1.0, 2.0, 3.0]) == pytest.approx(4.302653 / 3**0.5, rel=1e-5)
    assert half_width([1.0]) is None
    for gains, verdict in (([3, 4, 5], "yes"), ([-3, -4, -5], "no"), ([1, 2, -3], "open")):
        base = dict.fromkeys(range(3), 0.0)
        values = {Key("t", 1.0, "a"): dict(enumerate(gains)), Key("t", 1.0, "b"): base}
        (found,) = differences(values, [Claim("c", [("a", "b")])])
        assert found.verdict == verdict


def test_only_seeds_that_both_have_are_compared():
    values = {Key("t", 1.0, "a"): {0: 0.5, 2: 0.7}, Key("t", 1.0, "b"): {1: 0.1, 2: 0.4}}
    (found,) = differences(values, [Claim("c", [("a", "b")])])
    assert found.gains == pytest.approx([0.3]) and found.verdict == ""
    (axes,) = plot("c", [found]).axes
    assert axes.get_title() == "t"


def test_wrong_names_are_named(run, calls, tmp_path):
    with pytest.raises(ConfigError, match="no config of the study is 'plan'; did you mean 'plain'"):
        run("--only", "plan")
    bad = tmp_path / "bad.yaml"
    bad.write_text(STUDY.format("x").replace("[with prompts, plain]", "[with prompt, plain]"))
    with pytest.raises(ConfigError, match=r"claims\.prompts help: no config is 'with prompt'"):
        read_study(bad)


def test_the_study_of_joint_data_is_whole():
    study = read_study(configs_folder() / "studies/joint98k.yaml")
    files = sorted((configs_folder() / "textdet").glob("*/*_joint98k.yaml"))
    assert sorted(Path(name).name for name in study.configs.values()) == [f.stem for f in files]
    assert len(study.configs) == 20 and len(study.test_sets) == 9 + 2 + 13
    places = [options[0].partition("=") for options in study.test_sets.values()]
    assert {key for key, _, _ in places} == {"data.val.dataset.ann_file"}
    assert [Path(file).stem for _, _, file in places[9:]] == ["norm", "hard", *PARTS[2:]]


def test_the_study_of_the_claims_is_whole():
    study = read_study(configs_folder() / "studies/claims.yaml")
    files = sorted((configs_folder() / "studies/claims").glob("*.yaml"))
    assert sorted(f"studies/claims/{file.stem}" for file in files) == sorted(study.configs.values())
