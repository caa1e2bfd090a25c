"""A checkpoint loads whole, or one line says what is wrong with the file."""

import random

import pytest
import torch

from tcm.engine.checkpoint import load_model, load_parameters, read_checkpoint
from tcm.errors import CheckpointError
from tcm.registry import MODELS
from tcm.state_dicts import read_state_file
from tests.models.tiny import detector

CONFIG = detector("CLIPResNet")


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    return {f"model.{n}": v for n, v in MODELS.build(CONFIG, "model").state_dict().items()}


def _fails(content, folder, read=read_checkpoint):
    path = folder / "a.ckpt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(CheckpointError) as error:
        read(path)
    assert len(str(error.value).splitlines()) == 1 and str(path) in str(error.value)
    return str(error.value)


_WEIGHT = "backbone.trunk.conv1.weight"


def _continue(path):
    model = MODELS.build(CONFIG, "model")
    load_parameters(model, *read_checkpoint(path)[:1], str(path))


@pytest.mark.parametrize("read", [lambda path: load_model(CONFIG, path), _continue])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_no_numbers_are_refused_for_use_and_for_training(
    state, tmp_path, read, value
):
    broken = {name: tensor.clone() for name, tensor in state.items()}
    for name in (_WEIGHT, "head.binarize.0.weight"):
        broken[f"model.{name}"].view(-1)[3] = value
    said = _fails({"state_dict": broken, "tcm": {"config": {"model": CONFIG}}}, tmp_path, read)
    assert f"2 of {len(state)} entries have values that are infinite or no numbers" in said
    assert f"the first '{_WEIGHT}'" in said


def test_they_are_named_when_the_config_differs_as_well(state, tmp_path):
    broken = {**state, f"model.{_WEIGHT}": state[f"model.{_WEIGHT}"] * torch.nan}
    other = {**CONFIG, "neck": {**CONFIG["neck"], "asf": False}}
    content = {"state_dict": broken, "tcm": {"config": {"model": other}}}
    assert "infinite or no numbers" in _fails(content, tmp_path, lambda p: load_model(CONFIG, p))


@pytest.mark.parametrize(
    ("name", "cast", "said"),
    [
        (_WEIGHT, lambda t: t.long(), "torch.int64 where torch.float32 is wanted"),
        (_WEIGHT, lambda t: t.bool(), "torch.bool where torch.float32 is wanted"),
        (_WEIGHT, lambda t: t.to(torch.complex64), "torch.complex64 where torch.float32 is wanted"),
        (
            "backbone.trunk.bn1.num_batches_tracked",
            lambda t: t.float(),
            "torch.float32 where torch.int64 is wanted",
        ),
    ],
)
def test_another_kind_of_number_is_refused(state, tmp_path, name, cast, said):
    broken = {**state, f"model.{name}": cast(state[f"model.{name}"])}
    text = _fails({"state_dict": broken}, tmp_path, lambda p: load_model(CONFIG, p))
    assert f"it has 1 of another kind of number, the first '{name}': {said}" in text


def test_half_precision_is_the_same_kind_of_number(state, tmp_path):
    half = {n: v.half() if v.is_floating_point() else v for n, v in state.items()}
    torch.save({"state_dict": half}, tmp_path / "a.ckpt")
    loaded = load_model(CONFIG, tmp_path / "a.ckpt", fold=False).state_dict()
    assert loaded[_WEIGHT].equal(half[f"model.{_WEIGHT}"].float())


_SPARSE = torch.eye(3).to_sparse()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({1: torch.ones(1)}, "1 is no name"),
        ({None: torch.ones(1)}, "None is no name"),
        ({"a": torch.ones(1), 2.5: torch.ones(1)}, "2.5 is no name"),
        ({"a": None}, "holds no state dict"),
        ({"state_dict": None}, "holds no state dict"),
        ({"state_dict": {"a": None}}, "holds no state dict"),
        (
            {"state_dict": {"a": _SPARSE}},
            "'a' is no dense tensor but Tensor of layout torch.sparse",
        ),
        ({"a": torch.ones(2, device="meta")}, "'a' is no dense tensor but meta"),
        (
            {"a": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)},
            "'a' is no dense tensor but quantised",
        ),
        ({"a": torch.nested.nested_tensor([torch.ones(1), torch.ones(2)])}, "nested"),
        ({"a": torch.ones(1).expand(10**9, 10**3)}, "tensors of 4000000000000 bytes in a file of"),
        ({"a\nb": torch.ones(1).to_sparse()}, r"'a\nb' is no dense tensor"),
        ({"model.a": torch.ones(1), "a": torch.ones(1)}, "two entries have our name 'a'"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_is_no_state_dict_of_tensors_is_refused(tmp_path, content, said):
    assert said in _fails(content, tmp_path)
    if "two entries" not in said:
        _fails(content, tmp_path, read_state_file)


@pytest.mark.parametrize(
    "extra",
    [
        5,
        None,
        [1],
        {"config": 5},
        {"config": {"model": 5}},
        {"config": {1: 2}},
        {"config": {"a": torch.ones(1)}},
        {"config": {"a": "x" * 2_000_000}},
        {"config": {"a": 10**400}},
    ],
)
def test_what_we_write_beside_the_weights_is_checked(tmp_path, extra):
    said = _fails({"state_dict": {"a": torch.ones(1)}, "tcm": extra}, tmp_path)
    assert "damaged: its" in said or "the config in it: " in said


_TRAINED = {
    "state_dict": {"a": torch.ones(1)},
    "optimizer_states": [],
    "callbacks": {},
    "loops": {},
    "epoch": 0,
    "global_step": 3,
}


@pytest.mark.parametrize("random_state", [5, {}, [5], {"cpu": 5}, [{"cpu": torch.ones(3)}]])
def test_a_damaged_random_state_is_refused(tmp_path, random_state):
    content = {**_TRAINED, "tcm": {"random_state": random_state}}
    assert "its 'random_state' is none of PyTorch's" in _fails(content, tmp_path)


@pytest.mark.parametrize("key", _TRAINED)
def test_what_a_resumed_run_lacks_is_named(tmp_path, key):
    extra = {"random_state": [{"cpu": torch.get_rng_state()}], "step": 3}
    torch.save({**_TRAINED, "tcm": extra}, tmp_path / "a.ckpt")
    read_checkpoint(tmp_path / "a.ckpt")
    content = {**_TRAINED, "tcm": extra, key: None}
    said = _fails(content, tmp_path)
    assert f"it has no '{key}' to resume with" in said or "holds no state dict" in said


def test_a_config_that_is_nested_without_end_or_in_itself_is_refused(tmp_path):
    deep: dict = {}
    node = deep
    for _ in range(60):
        node["a"] = {}
        node = node["a"]
    circle: dict = {}
    circle["a"] = circle
    for config in (deep, circle):
        content = {"state_dict": {"a": torch.ones(1)}, "tcm": {"config": config}}
        assert "more than 50 levels deep" in _fails(content, tmp_path)


@pytest.mark.parametrize("model", [{"type": [1]}, {"backbone": 3}, {"backbone": {"type": None}}])
def test_any_stored_config_can_be_compared_with_ours(tmp_path, state, model):
    content = {"state_dict": {"a": torch.ones(1)}, "tcm": {"config": {"model": model}}}
    said = _fails(content, tmp_path, lambda path: load_model(CONFIG, path))
    assert "does not fit this model" in said


def _read_any(path):
    """Read a file as every command does that takes weights."""
    for read in (read_checkpoint, read_state_file, lambda p: load_model(CONFIG, p)):
        try:
            read(path)
        except CheckpointError as error:
            assert len(str(error).splitlines()) == 1 and str(path) in str(error)


@pytest.mark.parametrize("zipped", [True, False])
def test_damage_of_any_kind_is_one_line(tmp_path, zipped):
    path = tmp_path / "a.ckpt"
    small = {"state_dict": {"model.a": torch.ones(3, 2), "model.b": torch.arange(4)}}
    small["tcm"] = {"config": {"model": {"type": "A"}}}
    torch.save(small, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    draw = random.Random(0)
    for i in range(100):
        data = bytearray(whole)
        if i % 3 == 0:
            del data[draw.randrange(len(data)) :]
        for _ in range(draw.choice((1, 1, 8)) if data else 0):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(data)
        _read_any(path)


def test_no_file_at_all_is_one_line(tmp_path):
    for content in (
        b"",
        b"PK",
        b"PK\x03\x04",
        b"\x80\x02}q.",
        b"\x80\x02]q\x00h\x00a." * 5,
        bytes(99),
    ):
        _fails(content, tmp_path)
        _fails(content, tmp_path, read_state_file)
    (tmp_path / "a.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(CheckpointError, match="no weights file"):
        read_state_file(tmp_path / "a.safetensors")


def test_a_tuple_nested_without_end_as_a_key_is_refused(tmp_path):
    content = b"\x80\x02})" + b"\x85" * 20_000 + b"Ns."  # hashing it would overflow the stack
    assert "TypeError" in _fails(content, tmp_path)


def test_a_bug_of_ours_is_shown_as_a_bug(tmp_path, monkeypatch):
    torch.save({"a": torch.ones(1)}, tmp_path / "a.ckpt")
    monkeypatch.setattr("tcm.engine.checkpoint._renamed", lambda *_: {}["bug"])
    with pytest.raises(KeyError, match="bug"):
        read_checkpoint(tmp_path / "a.ckpt")
