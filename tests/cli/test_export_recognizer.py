"""``tcm export`` of recognizers, and reading with what it writes: one small PARSeq for all."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tcm.cli import benchmark, export
from tcm.engine.checkpoint import save_inference_checkpoint
from tcm.errors import ConfigError, DataError
from tcm.inference.onnx import open_folder
from tcm.inference.onnx.manifest import read_manifest
from tests.inference.onnx.graphs import assert_equal, crops, tiny_parseq
from tests.models.recognizers.clip4str.tiny import SIZE

MODEL = {
    "type": "PARSeq",
    "img_size": list(SIZE),
    "patch_size": [8, 8],
    "embed_dim": 16,
    "enc_depth": 1,
    "enc_num_heads": 2,
    "enc_mlp_ratio": 2.0,
    "dec_num_heads": 2,
    "dec_mlp_ratio": 2.0,
    "dec_embed_dim": 32,
}
PIPELINE = [{"type": "StretchTo", "size": list(SIZE)}, {"type": "Warp", "interpolation": "bicubic"}]
ABSENT = {"torch", "torchvision", "open_clip", "lightning", "omegaconf", "yaml", "scipy", "PIL",
          "timm", "onnx", "onnxscript", "rich", "lmdb", "regex", "ftfy"}  # fmt: skip
WITHOUT = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ImportError(f"{{name}} is not to be imported")

sys.meta_path.insert(0, Blocked())
import numpy as np
from tcm.inference.onnx import open_folder
from tcm.clip.byte_pairs import BytePairs

for reading in open_folder({folder!r}, threads=1).read(np.load({crops!r})):
    print(reading.text)
"""


@pytest.fixture(scope="module")
def model():
    return tiny_parseq(depth=1)


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("recognizer") / "tiny.ckpt"
    save_inference_checkpoint(
        model, {"model": MODEL, "data": {"test": {"pipeline": PIPELINE}}}, path
    )
    folder = path.with_name("exported")
    assert export.main([str(path), "--out", str(folder)]) == 0
    return folder


@pytest.mark.parametrize(
    ("decode_ar", "refine_iters"), [(True, 0), (True, 1), (False, 0), (False, 1)]
)
def test_logits_texts_and_confidences_are_those_of_the_model(
    model, exported, decode_ar, refine_iters
):
    model.decode_ar, model.refine_iters = decode_ar, refine_iters
    reader = open_folder(exported, threads=1, decode_ar=decode_ar, refine_iters=refine_iters)
    for count in (1, 3, 9):
        texts = assert_equal(model, reader, count)
    assert len(set(texts)) > 2


def test_the_folder_tells_all_that_is_needed(exported):
    manifest = read_manifest(exported)
    assert manifest.kind == "recognizer"
    assert sorted(manifest.graphs) == ["encoder", "refine", "step"]
    assert (manifest.input["height"], manifest.input["width"]) == SIZE
    assert manifest.runtime["refine_iters"] == 1 and len(manifest.runtime["characters"]) == 94
    assert manifest.parity["equal texts"] == manifest.parity["words"] == 9
    assert manifest.parity["difference"] < 1e-3


def test_it_is_read_where_nothing_but_numpy_opencv_shapely_and_onnxruntime_is(exported, tmp_path):
    images = crops(3, SIZE)
    np.save(tmp_path / "crops.npy", images)
    place = {"folder": str(exported), "crops": str(tmp_path / "crops.npy")}
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", WITHOUT.format(blocked=ABSENT, **place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:3] == [r.text for r in open_folder(exported).read(images)]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("runtime", {"characters": "ab"}, "'characters' is not what encoder.onnx was made with"),
        ("input", {"height": 0, "width": 8}, "'input' is not what encoder.onnx was made with"),
        ("graphs", {"encoder": "encoder.onnx"}, "there is no graph 'refine'"),
    ],
)
def test_a_model_json_that_is_not_as_it_was_written(exported, tmp_path, key, value, message):
    folder = shutil.copytree(exported, tmp_path / "copy")
    content = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**content, key: value}))
    with pytest.raises(DataError, match=f"(?s){message}"):
        open_folder(folder)


def test_what_can_not_be_chosen(exported):
    with pytest.raises(ConfigError, match="no cross-modal branch"):
        open_folder(exported, output="cross")
    with pytest.raises(ConfigError, match="did you mean 'refine_iters'"):
        open_folder(exported, refine_iter=2)


def test_checkpoint_and_folder_are_timed_on_the_same_words(exported, tmp_path, capsys):
    models = [str(exported.with_name("tiny.ckpt")), str(exported)]
    options = ["--words", "4", "--batch", "3", "--rounds", "1", "--json", str(tmp_path / "f.json")]
    assert benchmark.main(["words", *models, *options, "--set", "decode_ar=false"]) == 0
    figures = json.loads((tmp_path / "f.json").read_text())
    assert list(figures) == models
    assert all(figures[model]["seconds_a_word"] > 0 for model in models)
    assert (
        capsys.readouterr().out.splitlines()[0] == "4 words, batch 3, one thread, decode_ar=false"
    )
    with pytest.raises(ConfigError, match="--set decode_ar: KEY=VALUE is wanted"):
        benchmark.main(["words", *models, "--set", "decode_ar"])
