import pytest

from tcm.errors import ConfigError
from tcm.integrations.mmocr_configs.convert import convert
from tests.integrations.mmocr_configs.files import BASE, METHODS


@pytest.fixture
def converted(tmp_path):
    """Return a function that converts a method's config, with a text put behind it."""

    def converted(method, more="", base=""):
        (tmp_path / "base.py").write_text(BASE + base)
        (tmp_path / f"{method}.py").write_text(METHODS[method] + more)
        return convert(tmp_path / f"{method}.py")

    return converted


@pytest.mark.parametrize("method", METHODS)
def test_mmocrs_recipes_have_a_counterpart_of_everything(method, converted):
    assert converted(method).lacking == []


def test_of_dbnet_every_number_stands_where_it_belongs(converted):
    config = converted("dbnet").config
    assert config["model"]["neck"] == {"type": "FPNC", "lateral_channels": 256, "asf": True}
    decode = config["model"]["head"]["decode"]
    assert decode == {"type": "DBDecoder", "output": "quad", "epsilon_ratio": 0.002}
    assert config["model"]["backbone"]["pretrained"] == "IMAGENET1K_V1"
    pipeline = config["data"]["train"]["pipeline"]
    kinds = ["RandomFlip", "RandomRotate", "RandomScale", "RandomCropAroundText", "FitInto"]
    assert [t["type"] for t in pipeline] == [*kinds, "Warp", "ColorJitter", "DBTargets"]
    assert pipeline[4]["size"] == [512, 640]  # height and width
    assert pipeline[-1] == {"type": "DBTargets", "shrink_ratio": 0.5}
    train = {"type": "TextDataset", "ann_file": "data/signs/train.json", "exif": "ignore"}
    assert config["data"]["train"]["dataset"] == train
    assert config["data"]["val"]["pipeline"][0]["scale"] == [1024, 736]
    assert config["optimizer"] == {"type": "SGD", "lr": 0.01, "momentum": 0.9}
    assert config["schedule"] == {"type": "Poly", "power": 0.9, "min_lr": 1e-7, "by_epoch": True}
    assert config["trainer"] == {"max_epochs": 40, "val_every_epochs": 4}


def test_pixels_are_flipped_first_and_a_canvas_is_filled_with_patches(converted):
    pipeline = converted("fcenet").config["data"]["train"]["pipeline"]
    assert pipeline[0]["type"] == "RandomCropFlip"
    assert {"type": "SquareResizePad", "size": 800, "pad_prob": 0.6} in pipeline
    assert {"type": "Warp", "fill": "patch"} in pipeline
    assert pipeline[-1]["level_ranges"][0] == [0, 0.25]


def test_milestones_become_shares_and_kernels_a_ratio(converted):
    config = converted("psenet").config
    assert config["schedule"]["milestones"] == [0.25, 0.5]
    assert config["data"]["train"]["pipeline"][-1]["min_ratio"] == 0.4
    assert config["model"]["backbone"]["norm_eval"] is True


def test_a_backbone_of_ours_stays_and_takes_its_weights_along(converted):
    model = converted("panet").config["model"]
    wanted = {"type": "FastTCM", "pretrained": "openai", "prompts": ["Text"], "num_contexts": 4}
    assert model["backbone"] == wanted
    assert model["head"]["decode"]["distance_threshold"] == 3.0  # MMOCR's default, not ours


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("model.neck.conv_after_concat = True\n", "model.neck: conv_after_concat=True"),
        ("model.det_head.speed = 3\n", "model.det_head: speed=3: no counterpart"),
        ("model.backbone = dict(type='CLIPResNet')\n", "ResNet-50 stands in its place"),
        ("train_pipeline[3].args[0] = ['Sharpen', 1]\n", "['Sharpen', 1]"),
        ("train_pipeline[2] = dict(type='Albu')\n", "'Albu': no counterpart, left out"),
        ("param_scheduler = [dict(type='LinearLR', end=5)]\n", "schedule.warmup_steps"),
        ("load_from = 'https://x/y.pth'\n", "load_from: https://x/y.pth"),
        ("optim_wrapper = dict(optimizer=dict(type='Lion'))\n", "type='Lion'"),
        ("val_evaluator = dict(type='CocoMetric')\n", "HmeanSweep stands in its place"),
    ],
)
def test_what_has_no_counterpart_is_named(more, said, converted):
    lacking = converted("dbnet", more).lacking
    assert any(said in line for line in lacking), lacking


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("model.type = 'DBNett'\n", "'DBNett' has no counterpart here; did you mean 'DBNet'"),
        ("model = 3\n", "model: a dict is wanted, got 3"),
        ("train_pipeline[2] = 5\n", "a dict is wanted, got 5"),
        ("optim_wrapper = dict(optimizer=dict(lr=1), clip_grad=[1])\n", "a dict is wanted"),
        ("train_pipeline[5].scale = 'x'\n", "two whole numbers is wanted, got 'x'"),
        ("train_dataloader = 1\n", "of a kind that MMOCR does not take there"),
    ],
)
def test_a_config_that_is_wrong_is_refused_in_one_line(more, said, converted):
    with pytest.raises(ConfigError, match=said) as caught:
        converted("dbnet", more)
    assert "dbnet.py" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("depth", "wanted"), [(18, None), (50, "caffe")])
def test_where_the_stride_is_matters_in_bottlenecks_only(depth, wanted, converted):
    base = f"resnet.depth = {depth}\nresnet.style = 'caffe'\n"
    backbone = converted("dbnet", base=base).config["model"]["backbone"]
    assert (backbone["depth"], backbone.get("style")) == (depth, wanted)
