"""The generalisation studies: a test set named on the command line, and what trains for them."""

import json
from pathlib import Path

import pytest

from tcm.cli.configs import read_config
from tcm.cli.test import main
from tcm.errors import ConfigError
from tcm.evaluation.word_benchmarks import BENCHMARKS

ROOT = Path(__file__).resolve().parents[1] / "configs"
TARGETS = ("icdar2013", "icdar2015", "totaltext", "ctw1500", "msra_td500")


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


@pytest.mark.parametrize("target", TARGETS)
def test_a_test_set_tests_as_its_benchmark_is_tested_at_home(target, training):
    """With the network and the thresholds of the source: nothing is tuned on the target."""
    source = "icdar2015" if target != "icdar2015" else "totaltext"
    path = str(ROOT / f"textdet/dbnet/dbnet_fasttcm-cr50_1200e_{source}.yaml")
    over = [ROOT / f"_base_/test_sets/{target}.yaml"]
    config, here, home = read_config(path, (), over), training(source), training(target)
    assert config["data"]["test"] == home["data"]["val"]
    assert list(config["evaluation"]["metrics"].items()) == list(
        home["evaluation"]["metrics"].items()  # in this order: the first one counts
    )
    decode = {**here["model"]["head"]["decode"]}
    decode["output"] = home["model"]["head"]["decode"]["output"]
    assert config["model"] == here["model"] | {"head": here["model"]["head"] | {"decode": decode}}


@pytest.mark.parametrize("folder", sorted(ROOT.glob("textdet/*")), ids=lambda path: path.name)
def test_a_test_set_goes_with_every_detector_of_its_shapes(folder):
    (path,) = folder.glob("*_resnet50_*_icdar2015.yaml")
    for dataset, output in {"msra_td500": "quad", "totaltext": "poly"}.items():
        over = [ROOT / f"_base_/test_sets/{dataset}.yaml"]
        if folder.name.startswith("rotated_") and output == "poly":
            with pytest.raises(ConfigError, match="decode.output: .*'poly'"):
                read_config(str(path), (), over)
        else:
            config = read_config(str(path), (), over)
            assert config["model"]["head"]["decode"]["output"] == output


def test_ltb_is_tested_as_joint_data_are():
    path = str(ROOT / "textdet/dbnet/dbnet_resnet50_1200e_icdar2015.yaml")
    config = read_config(path, (), [ROOT / "_base_/test_sets/ltb.yaml"])
    joint = read_config(str(ROOT / "textdet/dbnet/dbnet_resnet50_100e_joint98k.yaml"))
    test, val = config["data"]["test"], joint["data"]["val"]
    dataset = {**val["dataset"], "ann_file": "data/ltb/hard.json"}
    assert test == {**val, "dataset": dataset}
    assert config["evaluation"]["metrics"] == {"ltb": {"type": "LTBDetection"}}


def test_words_are_tested_on_every_benchmark_with_the_pipeline_of_the_recognizer():
    for name in ("clip4str/clip4str_vit-b16_16e_real", "ctc/ctc_residual_40000it_open"):
        path = str(ROOT / f"textrecog/{name}.yaml")
        config = read_config(path, (), [ROOT / "_base_/test_sets/words.yaml"])
        folders = [one.folder for one in BENCHMARKS.values()]
        dataset = {"type": "LMDBWords", "root": "data/words", "folders": folders}
        assert config["data"]["test"]["dataset"] == dataset
        assert config["data"]["test"]["pipeline"] == config["data"]["val"]["pipeline"]
        assert list(config["evaluation"]["metrics"]) == ["words"]


def test_an_unknown_test_set_is_named():
    with pytest.raises(
        ConfigError, match="--test-set: unknown 'icdar215'; did you mean 'icdar2015"
    ):
        main([str(ROOT / "quickstart.yaml"), "a.ckpt", "--test-set", "icdar215"])
    with pytest.raises(ConfigError, match="my/set.yaml: no such config file"):
        main([str(ROOT / "quickstart.yaml"), "a.ckpt", "--test-set", "my/set.yaml"])


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
