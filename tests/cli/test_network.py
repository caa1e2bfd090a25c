"""How precisely a checkpoint's network runs, as the command line says."""

from typing import get_args

import pytest
import torch

from tcm import devices
from tcm.cli.configs import read_config
from tcm.cli.network import load_network
from tcm.cli.parsers import options, test
from tcm.errors import ConfigError
from tests.cli.tiny import write_checkpoint, write_config


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    config = write_config(folder)
    return [config, write_checkpoint(config, folder / "tiny.ckpt"), "--device", "cpu"]


def test_the_names_of_precisions_are_those_of_the_devices():
    assert get_args(devices.Precision) == options.PRECISIONS


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [([], "float32"), (["--amp"], "bf16"), (["--precision", "fp16"], "fp16")],
)
def test_the_precision(command, arguments, wanted):
    args = test.parse([*command, *arguments])
    _, device, precision = load_network(read_config(args.config)["model"], args)
    assert (device.type, precision) == ("cpu", wanted)


def test_tf32_is_taken_only_when_asked_for(command):
    for precision in ("tf32", "float32"):
        args = test.parse([*command, "--precision", precision])
        load_network(read_config(args.config)["model"], args)
        assert torch.backends.cudnn.allow_tf32 is (precision == "tf32")


def test_amp_and_a_precision_exclude_each_other(command, capsys):
    with pytest.raises(SystemExit):
        test.parse([*command, "--amp", "--precision", "tf32"])
    assert "not allowed with argument" in capsys.readouterr().err


def test_cuda_graphs_need_a_gpu(command):
    args = test.parse([*command, "--cuda-graphs"])
    with pytest.raises(ConfigError, match="CUDA graphs: the model is not on a GPU"):
        load_network(read_config(args.config)["model"], args)


def test_the_forward_pass_is_compiled_when_asked(command, monkeypatch):
    compiled = []
    monkeypatch.setattr(
        torch, "compile", lambda function, options: compiled.append(options) or function
    )
    for arguments in ([], ["--compile"]):
        args = test.parse([*command, *arguments])
        load_network(read_config(args.config)["model"], args)
    assert compiled == [{"freezing": True}]


def test_outputs_in_bf16_are_near_those_in_float32(command):
    args = test.parse(command)
    model, device, _ = load_network(read_config(args.config)["model"], args)
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    with devices.autocast("bf16", device):
        half = model.outputs(images)["probability"]
    torch.testing.assert_close(half, model.outputs(images)["probability"], atol=0.02, rtol=0)
