"""``tcm export``, and reading with its folder: one small model is exported for all tests."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tcm.cli import export
from tcm.engine.checkpoint import save_inference_checkpoint
from tcm.errors import ConfigError, DataError
from tcm.inference.onnx import open_folder
from tcm.inference.onnx.manifest import digest_of, read_manifest
from tests.inference.export.models import compare, config_of, images_of, model_of

CASE = "DBNet++"
WITHOUT = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ImportError(f"{{name}} is not to be imported")

sys.meta_path.insert(0, Blocked())
import numpy as np
from tcm.inference.onnx import open_folder

runner = open_folder({folder!r}, threads=1)
images = np.load({images!r})
found = runner.detect(images, [np.eye(3)] * len(images), [images.shape[1:3]] * len(images))
print(sum(map(len, found)))
"""
ABSENT = {"torch", "torchvision", "open_clip", "lightning", "omegaconf", "yaml", "scipy", "PIL",
          "timm", "onnx", "onnxscript", "rich", "lmdb", "matplotlib"}  # fmt: skip


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.ckpt"
    pipeline = [{"type": "ResizeKeepRatio", "scale": [128, 96]}, {"type": "Warp"}]
    data = {"test": {"pipeline": pipeline}}
    config = {"model": config_of(CASE), "data": data}
    save_inference_checkpoint(model_of(CASE), config, path)
    return path


@pytest.fixture(scope="module")
def exported(checkpoint):
    folder = checkpoint.with_name("exported")
    assert export.main([str(checkpoint), "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def copy(exported, tmp_path):
    return shutil.copytree(exported, tmp_path / "copy")


@pytest.mark.parametrize("shape", [(2, 64, 96), (1, 256, 128)])
def test_maps_and_polygons_are_those_of_the_model_at_any_size(exported, shape):
    model = model_of(CASE)
    model.deploy()
    assert compare(model, open_folder(exported, threads=1), shape)


def test_the_folder_tells_all_that_is_needed(exported):
    manifest = read_manifest(exported)
    assert (manifest.kind, manifest.name) == ("detector", "tiny")
    assert manifest.input == {"long": 128, "short": 96, "divisor": 1}
    assert manifest.runtime["decode"]["mask_thr"] == 0.5
    assert manifest.parity["difference"] < 1e-3
    assert "LeastTrunk" in manifest.config
    assert manifest.files["model.onnx"] == digest_of(exported / "model.onnx")


def test_it_is_read_where_nothing_but_numpy_opencv_shapely_and_onnxruntime_is(exported, tmp_path):
    np.save(tmp_path / "images.npy", images_of(2, 64, 96))
    place = {"folder": str(exported), "images": str(tmp_path / "images.npy")}
    script = WITHOUT.format(blocked=ABSENT, **place)
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=root
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


def test_beyond_the_tolerance_nothing_is_written(
    checkpoint, exported, tmp_path, monkeypatch, capsys
):
    def copied(model, config, pipeline, name, folder, half):
        shutil.copytree(exported, folder, dirs_exist_ok=True)
        return read_manifest(folder)

    monkeypatch.setattr(export, "write_folder", copied)
    out = tmp_path / "out"
    assert export.main([str(checkpoint), "--out", str(out), "--tolerance", "0"]) == 1
    assert "more than 0: nothing is written" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def edited(folder, **changes):
    path = folder / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_what_is_no_such_folder_is_told_in_one_line(copy, tmp_path):
    with pytest.raises(DataError, match="absent: no such folder"):
        open_folder(tmp_path / "absent")
    with pytest.raises(DataError, match="no exported model: it has no model.json"):
        open_folder(tmp_path)
    (copy / "model.json").write_text("{")
    with pytest.raises(DataError, match="model.json: damaged: it is no JSON"):
        open_folder(copy)
    (copy / "model.json").write_text("{}")
    with pytest.raises(DataError, match="not written by tcm export"):
        open_folder(copy)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 2}, "of format 2, .* install a newer one"),
        ({"kind": "reader"}, "'detector', 'spotter' or 'recognizer' is wanted, got 'reader'"),
        ({"files": {"../model.onnx": {}}}, "no name of a file beside it"),
        ({"graphs": {"model": "other.onnx"}}, "is none of 'files'"),
        ({"runtime": {"decode": {"type": "DBDecoder"}}}, "'decode' is not what model.onnx was"),
    ],
)
def test_a_model_json_that_is_not_as_it_was_written(copy, changes, reason):
    edited(copy, **changes)
    with pytest.raises(DataError, match=reason):
        open_folder(copy)


def test_a_graph_that_is_not_as_it_was_written(copy):
    content = bytearray((copy / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "model.onnx").write_bytes(content)
    with pytest.raises(DataError, match="model.onnx: damaged"):
        open_folder(copy)
    (copy / "model.onnx").unlink()
    with pytest.raises(DataError, match="model.onnx: no such file"):
        open_folder(copy)


def test_what_the_export_has_settled_and_devices_that_are_not_there(exported):
    with pytest.raises(ConfigError, match="decode_ar: settled by the export"):
        open_folder(exported, decode_ar=False)
    with pytest.raises(ConfigError, match="device abacus"):
        open_folder(exported, device="abacus")


@pytest.mark.slow
def test_eight_bits_are_written_and_what_they_change_is_said(checkpoint, tmp_path, capsys):
    out = tmp_path / "int8"
    assert export.main([str(checkpoint), "--out", str(out), "--int8"]) == 0
    assert "int8: greatest difference of an output" in capsys.readouterr().out
    parity = json.loads((out / "model.json").read_text())["parity"]
    assert parity["difference"] <= 1e-3 < parity["int8"]["difference"]
    assert (
        len(open_folder(out, threads=1).detect(images_of(1, 64, 96), [np.eye(3)], [(64, 96)])) == 1
    )
