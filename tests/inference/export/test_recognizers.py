"""Exported recognizers give what PyTorch gives: a tiny CLIP4STR, and the full sizes."""

from pathlib import Path

import pytest
import torch

from tcm.cli.graphs import write_folder
from tcm.config import load_config
from tcm.inference.onnx import open_folder
from tcm.registry import MODELS
from tests.inference.onnx.graphs import assert_equal, tiny_clip4str, tiny_parseq
from tests.models.recognizers.clip4str.tiny import SIZE, set_reading

CONFIGS = Path(__file__).resolve().parents[3] / "configs/textrecog"
WAYS = [(True, 0), (True, 1), (False, 0), (False, 1), (False, 2)]


def folder_of(model, size, folder):
    pipeline = [{"type": "StretchTo", "size": list(size)}, {"type": "Warp"}]
    write_folder(model, {"model": {}}, pipeline, "tiny", folder)
    return folder


@pytest.fixture(scope="module")
def clip4str():
    return tiny_clip4str()


@pytest.fixture(scope="module")
def folder(clip4str, tmp_path_factory):
    return folder_of(clip4str, SIZE, tmp_path_factory.mktemp("clip4str"))


def test_a_tiny_clip4str_reads_the_same(clip4str, folder):
    set_reading(clip4str, True, 1, "cross")
    reader = open_folder(folder, threads=1)
    assert_equal(clip4str, reader, 3)


@pytest.mark.slow
def test_a_tiny_clip4str_in_every_way(clip4str, folder):
    model = clip4str
    for decode_ar, refine_iters in WAYS:
        for output in ("cross", "visual"):
            set_reading(model, decode_ar, refine_iters, output)
            changes = {"decode_ar": decode_ar, "refine_iters": refine_iters, "output": output}
            reader = open_folder(folder, threads=1, **changes)
            for count in (1, 3):
                assert_equal(model, reader, count)


@pytest.mark.slow
def test_a_decoder_of_two_layers(tmp_path):
    model = tiny_parseq(depth=2)
    reader = open_folder(folder_of(model, SIZE, tmp_path), threads=1)
    for count in (1, 3, 9):
        assert_equal(model, reader, count)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "size"),
    [
        ("parseq/parseq_vit-s_20e_real.yaml", (32, 128)),
        ("clip4str/clip4str_vit-b16_16e_real.yaml", (224, 224)),
    ],
)
def test_full_sizes_with_random_weights(config, size, tmp_path):
    torch.manual_seed(0)
    arguments = load_config(CONFIGS / config)["model"]
    if "pretrained" in arguments:
        arguments = {**arguments, "pretrained": None}
    model = MODELS.build(arguments).eval()
    reader = open_folder(folder_of(model, size, tmp_path))
    for count in (1, 3):
        assert_equal(model, reader, count)
