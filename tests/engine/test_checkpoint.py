"""Reading, converting and writing checkpoints."""

import copy

import pytest
import torch
from safetensors.torch import save_file

import tcm.models.converters
import tcm.models.spotters.abcnet.converters  # noqa: F401  # both register converters
from tcm.engine.checkpoint import (
    load_model,
    load_parameters,
    read_checkpoint,
    save_inference_checkpoint,
    without_pretrained,
    write_safetensors,
)
from tcm.engine.other_model import other_model
from tcm.errors import CheckpointError, ConfigError
from tcm.registry import MODELS
from tests.models.tiny import detector

CONFIG = detector("FastTCM")


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return MODELS.build(CONFIG, "model").eval()


@pytest.fixture(scope="module")
def images():
    return torch.randint(0, 255, (1, 3, 64, 96), generator=torch.manual_seed(1)).byte()


def _save(model, path, **extra):
    state = {f"model.{name}": value for name, value in model.state_dict().items()}
    torch.save({"state_dict": state, **extra}, path)
    return path


def _fails(path, **arguments):
    with pytest.raises(CheckpointError) as error:
        read_checkpoint(path, **arguments)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_our_prefix_is_stripped_once_and_the_rest_comes_along(tmp_path):
    state = {"model.model.a": torch.ones(1), "b": torch.zeros(1)}
    torch.save({"state_dict": state, "tcm": {"config": {"a": 1}}}, tmp_path / "a.ckpt")
    read, extra = read_checkpoint(tmp_path / "a.ckpt")
    assert {name: value.item() for name, value in read.items()} == {"model.a": 1, "b": 0}
    assert extra == {"config": {"a": 1}}


def test_a_bare_state_dict_is_read(tmp_path):
    torch.save({"a": torch.ones(1)}, tmp_path / "a.pth")
    assert read_checkpoint(tmp_path / "a.pth") == ({"a": torch.ones(1)}, {})


def test_a_converter_renames(tmp_path):
    state = {n: torch.zeros(1) for n in ("backbone.conv1.weight", "contexts", "bbox_head.a")}
    torch.save({"state_dict": state, "meta": {"epoch": 3}}, tmp_path / "a.pth")
    read, _ = read_checkpoint(tmp_path / "a.pth", converter="tcm")
    assert set(read) == {"backbone.trunk.conv1.weight", "backbone.text_side.contexts", "head.a"}


def test_an_unknown_converter_is_named(tmp_path):
    torch.save({"a": torch.ones(1)}, tmp_path / "a.pth")
    with pytest.raises(ConfigError, match="converter: unknown converter 'tmc'; did you mean 'tcm'"):
        read_checkpoint(tmp_path / "a.pth", converter="tmc")


def test_a_missing_file_names_the_nearest(tmp_path):
    (tmp_path / "best.ckpt").touch()
    path = tmp_path / "bset.ckpt"
    assert _fails(path) == f"checkpoint {path} does not exist; did you mean 'best.ckpt'?"
    assert "does not exist" in _fails(tmp_path / "nowhere" / "best.ckpt")


class _Object:
    """Something whose unpickling would run code."""


def test_a_pickled_object_is_refused(tmp_path):
    path = tmp_path / "a.ckpt"
    torch.save({"state_dict": {"a": torch.ones(1)}, "extra": _Object()}, path)
    assert _fails(path).startswith(f"{path}: no readable checkpoint (UnpicklingError): it holds")
    assert _fails(path).endswith("torch.load(OLD, weights_only=False)['model']}, NEW)")


def test_detectron2_keeps_the_parameters_under_model(tmp_path):
    path = tmp_path / "model_final.pth"
    name = "detection_transformer.point_embed.weight"
    torch.save({"model": {name: torch.ones(1)}, "iteration": 3, "scheduler": {}}, path)
    assert list(read_checkpoint(path, "deepsolo")[0]) == ["head.transformer.point_embed.weight"]


def test_half_a_file_is_refused(model, tmp_path):
    path = _save(model, tmp_path / "a.ckpt")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert f"{path}: no readable checkpoint" in _fails(path)


@pytest.mark.parametrize("content", [torch.ones(1), {"state_dict": [1]}, {"a": 1}, [1]])
def test_what_holds_no_state_dict_is_refused(tmp_path, content):
    path = tmp_path / "a.ckpt"
    torch.save(content, path)
    assert _fails(path) == f"{path}: holds no state dict"


def test_a_loaded_model_is_the_saved_one_in_eval_mode(model, images, tmp_path):
    loaded = load_model(CONFIG, _save(model, tmp_path / "a.ckpt"))
    assert not any(module.training for module in loaded.modules())
    with torch.inference_mode():
        expected, found = model(images)[0]["prob_logits"], loaded(images)[0]["prob_logits"]
    torch.testing.assert_close(found, expected)


def test_pretrained_weights_are_not_looked_for(model, tmp_path):
    config = {**CONFIG, "backbone": {**CONFIG["backbone"], "pretrained": "nowhere.pt"}}
    load_model(config, _save(model, tmp_path / "a.ckpt"))
    assert config["backbone"]["pretrained"] == "nowhere.pt"


def test_without_pretrained_changes_a_copy_at_any_depth():
    config = {"pretrained": "a", "b": {"pretrained": "c", "d": 1}}
    assert without_pretrained(config) == {"pretrained": None, "b": {"pretrained": None, "d": 1}}
    assert config["b"]["pretrained"] == "c"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda s: s.pop("head.binarize.0.weight"), "lacks 1 of .* first 'head.binarize.0.weight'"),
        (lambda s: s.update(extra=torch.ones(1)), "has 1 that the model lacks, the first 'extra'"),
        (
            lambda s: s.update({"backbone.matching.gamma": torch.ones(3)}),
            r"has 1 of another shape, .* 'backbone.matching.gamma': \(3,\) where \(32,\) is wanted",
        ),
    ],
)
def test_parameters_that_do_not_fit_are_named_and_nothing_is_loaded(model, change, text):
    target = copy.deepcopy(model)
    state = {name: value + 1 for name, value in model.state_dict().items()}
    change(state)
    with pytest.raises(CheckpointError, match=f"^a.ckpt: does not fit this model: it {text}"):
        load_parameters(target, state, "a.ckpt")
    assert all(map(torch.equal, target.state_dict().values(), model.state_dict().values()))


def _load_as(ours, theirs, folder, loader=load_model):
    """Return the error of loading a model's checkpoint under another config."""
    trained = MODELS.build(theirs, "model")
    path = _save(trained, folder / "a.ckpt", tcm={"config": {"model": theirs}})
    with pytest.raises(CheckpointError) as error:
        loader(ours, path)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value).removeprefix(f"{path}: does not fit this model: ")


def _continue(config, path):
    state, extra = read_checkpoint(path)
    load_parameters(MODELS.build(config, "model"), state, str(path), extra, config)


@pytest.mark.parametrize("loader", [load_model, _continue])
def test_a_checkpoint_of_another_config_says_what_it_is_of(tmp_path, loader):
    theirs = {**CONFIG, "head": {"type": "PSEHead"}}
    assert _load_as(CONFIG, theirs, tmp_path, loader) == (
        "it is of FastTCM, FPNC and PSEHead, the config has FastTCM, FPNC and DBHead"
    )
    theirs = {"type": "CLIP4STR", "charset": 94}
    assert other_model(theirs, CONFIG).startswith("it is of CLIP4STR, the config has FastTCM, ")
    theirs = {**CONFIG, "neck": {**CONFIG["neck"], "out_channels": 8}}
    width = CONFIG["neck"]["out_channels"]
    assert _load_as(CONFIG, theirs, tmp_path, loader) == (
        f"model.neck.out_channels is 8 there and {width} in the config"
    )


def test_a_checkpoint_of_the_same_config_that_does_not_fit_names_its_parameters(model, tmp_path):
    path = _save(model, tmp_path / "a.ckpt", tcm={"config": {"model": CONFIG}})
    content = torch.load(path, weights_only=True)
    del content["state_dict"]["model.head.binarize.0.weight"]
    torch.save(content, path)
    with pytest.raises(CheckpointError, match=r"lacks 1 of .* 'head\.binarize\.0\.weight'"):
        load_model(CONFIG, path)


def test_an_inference_checkpoint_predicts_the_same_and_leaves_the_model_alone(
    model, images, tmp_path
):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    path = tmp_path / "inference.ckpt"
    values = save_inference_checkpoint(model, {"model": CONFIG}, path)
    assert list(model.state_dict()) == list(before)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.matching_loss is not None and not model.training
    state, extra = read_checkpoint(path)
    assert values == sum(value.numel() for value in state.values())
    assert extra == {"config": {"model": CONFIG}}
    assert not [name for name in state if "text_side" in name]
    with torch.inference_mode():
        expected, found = (m(images)[0]["prob_logits"] for m in (model, load_model(CONFIG, path)))
    torch.testing.assert_close(found, expected)


def test_a_model_in_training_mode_stays_in_it(tmp_path):
    torch.manual_seed(0)
    model = MODELS.build(detector("CLIPResNet"), "model").train()
    save_inference_checkpoint(model, {}, tmp_path / "inference.ckpt")
    assert model.training and model.backbone.training


def test_what_a_converter_gives_no_name_is_left_out(tmp_path):
    torch.save({"det_head.scales.0.scale": torch.ones(1)}, tmp_path / "mmocr.pth")

    state, _ = read_checkpoint(tmp_path / "mmocr.pth", "mmocr-abcnet")
    assert state == {}


def test_safetensors_with_their_config_are_a_checkpoint(model, images, tmp_path):
    path = tmp_path / "model.safetensors"
    write_safetensors(model.state_dict(), {"config": {"model": CONFIG}}, path)
    assert read_checkpoint(path)[1] == {"config": {"model": CONFIG}}
    with torch.inference_mode():
        expected, found = model(images)[0], load_model(CONFIG, path)(images)[0]
    torch.testing.assert_close(found, expected, rtol=1e-2, atol=1e-2)


def test_what_damaged_safetensors_say_is_refused(model, tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.ones(1)}, path, {"tcm": "{"})
    assert _fails(path) == f"{path}: damaged: its 'tcm' is no JSON"
    save_file({"a": torch.ones(1)}, path, {"tcm": "[]"})
    assert _fails(path) == f"{path}: damaged: its 'tcm' is no mapping with a config"
    path.write_bytes(path.read_bytes()[:-2])
    assert f"{path}: no readable checkpoint" in _fails(path)
