"""The generalisation studies' configs test what their names say, and train nothing twice."""

import json
import re
import shutil
import subprocess
from itertools import permutations
from pathlib import Path

import pytest

from tcm.cli.configs import read_config
from tcm.data.loading.datamodule import DataModule
from tcm.engine.checkpoint import without_pretrained
from tcm.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1] / "configs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
STUDIES = sorted((ROOT / "studies").rglob("*.yaml"))
NAMES = [path.stem for path in STUDIES]
FOUR = ("icdar2015", "totaltext", "ctw1500", "msra_td500")
# What the README passes to --cfg-options to test another backbone's checkpoint.
OPTIONS = {
    "fasttcm-cr50": "model.backbone.type=FastTCM",
    "tcm-cr50": "model.backbone.type=TCM",
    "clip-r50": "model.backbone={_delete_: true, type: CLIPResNet, pretrained: null}",
    "resnet50": "model.backbone={_delete_: true, type: ResNet, depth: 50, pretrained: null}",
}


@pytest.fixture(scope="module")
def training():
    """Return a function that reads the config which trains a backbone on a dataset, once."""
    known = {}

    def read(dataset, backbone="fasttcm-cr50"):
        if (dataset, backbone) not in known:
            epochs = "20e" if dataset == "synthtext" else "1200e"
            name = f"dbnet_{backbone}_{epochs}_{dataset}.yaml"
            known[dataset, backbone] = read_config(str(ROOT / "textdet" / "dbnet" / name))
        return known[dataset, backbone]

    return read


def _source_and_target(path):
    return re.fullmatch("dbnet_(.+)_to_(.+)", path.stem).groups()


def _network(config):
    """Return what a checkpoint must fit to, and the decoder's thresholds, without its output."""
    model = without_pretrained(config["model"])
    decode = {k: v for k, v in model["head"]["decode"].items() if k != "output"}
    return model | {"head": model["head"] | {"decode": decode}}


def test_every_pair_of_the_studies_is_there():
    pairs = {f"dbnet_{source}_to_{target}" for source, target in permutations(FOUR, 2)}
    pairs |= {f"dbnet_icdar2013_to_{target}" for target in ("icdar2015", "msra_td500")}
    pairs |= {f"dbnet_synthtext_to_{target}" for target in ("icdar2013", *FOUR)}
    assert set(NAMES) == pairs


@pytest.mark.parametrize("path", STUDIES, ids=NAMES)
def test_a_study_tests_as_its_target_is_tested_at_home(path, training):
    _, target = _source_and_target(path)
    config, home = read_config(str(path)), training(target)
    assert config["data"]["test"] == home["data"]["val"]
    assert target in config["data"]["test"]["dataset"]["ann_file"].split("/")
    assert list(config["evaluation"]["metrics"].items()) == list(
        home["evaluation"]["metrics"].items()  # in this order: the first one counts
    )
    assert config["model"]["head"]["decode"]["output"] == home["model"]["head"]["decode"]["output"]


@pytest.mark.parametrize("path", STUDIES, ids=NAMES)
def test_a_study_takes_the_model_of_its_source_with_nothing_tuned_on_the_target(path, training):
    source, _ = _source_and_target(path)
    assert _network(read_config(str(path))) == _network(training(source))


@pytest.mark.parametrize("backbone", ["clip-r50", "resnet50"])
@pytest.mark.parametrize("source", ["icdar2013", "synthtext", *FOUR])
def test_one_override_tests_a_baseline(source, backbone, training):
    path = next(path for path in STUDIES if _source_and_target(path)[0] == source)
    config = read_config(str(path), [OPTIONS[backbone]])
    assert _network(config) == _network(training(source, backbone))


@pytest.mark.parametrize("source", FOUR)
def test_one_override_tests_the_forerunner(source, training):
    path = next(path for path in STUDIES if _source_and_target(path)[0] == source)
    config = read_config(str(path), [OPTIONS["tcm-cr50"]])
    assert _network(config) == _network(training(source, "tcm-cr50"))


@pytest.mark.parametrize("path", STUDIES, ids=NAMES)
def test_a_study_cannot_be_trained_by_mistake(path):
    data = DataModule.from_config(read_config(str(path))["data"])
    with pytest.raises(ConfigError, match=r"data\.train: missing"):
        data.batches_per_epoch()


def test_training_on_synthtext_sees_nothing_else_and_no_test_image(training):
    data = training("synthtext")["data"]
    assert data["train"]["dataset"]["ann_file"] == "data/synthtext/train.json"
    assert "test.json" not in json.dumps(data)


def test_synthtext_is_trained_by_the_pretraining_recipe(training):
    config = training("synthtext")
    assert config["optimizer"] == {"type": "Ranger", "lr": 1e-3}
    assert config["schedule"] == {"type": "Poly", "power": 0.9, "min_lr": 1e-7, "by_epoch": True}
    assert config["data"]["train"]["batch_size"] == 16


@pytest.mark.parametrize("dataset", ["icdar2013", "synthtext"])
def test_sources_are_augmented_alike(dataset, training):
    pipelines = [training(d)["data"]["train"]["pipeline"] for d in (dataset, "icdar2015")]
    assert pipelines[0] == pipelines[1]


@pytest.mark.parametrize("backbone", ["fasttcm-cr50", "clip-r50", "resnet50"])
def test_night_scenes_are_tested_and_neither_trained_on_nor_chosen_by(backbone):
    path = ROOT / "textdet" / "dbnet" / f"dbnet_{backbone}_100e_nighttime_art.yaml"
    data = read_config(str(path))["data"]
    assert data["test"]["dataset"]["ann_file"] == "data/nighttime_art/test.json"
    files = [part["ann_file"] for part in data["train"]["dataset"]["datasets"]]
    names = ("icdar2013", "icdar2015", "msra_td500", "ctw1500", "totaltext", "icdar2017_mlt")
    assert files == [f"data/{n}/train.json" for n in names] + ["data/icdar2017_mlt/val.json"]
    assert "nighttime" not in data["val"]["dataset"]["ann_file"]


def test_the_readme_lists_every_study_and_every_option():
    assert [name for name in NAMES if f"`{name}`" not in README] == []
    for backbone, option in OPTIONS.items():
        assert re.search(f"`{backbone}`.*{re.escape(f'`{option}`')}", README), backbone


def _commands(backbone):
    """Return the arguments of every `python` that the README's bash calls, none of them run."""
    section = README.partition("## Generalisation studies")[2]
    blocks = re.findall(r"```bash\n(.*?)```", section, flags=re.DOTALL)
    script = ['python() { printf "%s\\t" "$@"; echo; }', blocks[0]]
    script += [f"BACKBONE={backbone}", f'OPTION="{OPTIONS[backbone]}"', *blocks[1:]]
    command = ["bash", "-euc", "\n".join(script)]
    result = subprocess.run(command, cwd=ROOT.parent, capture_output=True, text=True, check=True)
    return [line.rstrip("\t").split("\t") for line in result.stdout.splitlines()]


@pytest.mark.skipif(shutil.which("bash") is None, reason="the commands are bash")
@pytest.mark.parametrize("backbone", ["fasttcm-cr50", "clip-r50", "resnet50"])
def test_the_readme_trains_each_source_once_and_runs_every_test(backbone):
    trained, tested = [], []
    for tool, config, *arguments in _commands(backbone):
        path = ROOT.parent / config
        assert path.is_file(), config
        if tool == "tools/train.py":
            trained.append(path.stem)
            continue
        checkpoint = Path(arguments[0])
        assert tool == "tools/test.py"
        assert checkpoint.parent.name == trained[-1]  # where tools/train.py has put it
        if path.stem in NAMES:
            tested.append(path.stem)
            assert f"_{_source_and_target(path)[0]}" in checkpoint.parent.name
            assert arguments[arguments.index("--cfg-options") + 1] == OPTIONS[backbone]
    assert sorted(tested) == sorted(NAMES)
    assert len(trained) == len(set(trained)) == 7  # five benchmarks, SynthText, and for the night
    assert all(backbone in name for name in trained)
