"""``tcm infer`` with a config of objects."""

import json
import zipfile

import cv2
import numpy as np
import pytest

from tcm.cli.infer import main
from tcm.errors import ConfigError, DataError
from tests.cli.tiny import write_config
from tests.reader.checkpoints import write_object_detector


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    checkpoint, config = write_object_detector(tmp_path_factory.mktemp("objects"))
    return [config, checkpoint, "--device", "cpu"]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for name, size in {"P1.png": (100, 150, 3), "P2.png": (40, 40, 3)}.items():
        cv2.imwrite(str(folder / name), rng.integers(0, 256, size, dtype=np.uint8))
    return folder


def test_it_writes_pictures_lines_predictions_and_the_submission(model, images, tmp_path, capsys):
    out, zipped = tmp_path / "out", tmp_path / "task1.zip"
    options = ["--out", str(out), "--submission", str(zipped)]
    assert main([*model, str(images), *options]) == 0
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert [line["image"] for line in lines] == [str(images / f"P{i}.png") for i in (1, 2)]
    total = sum(len(line["objects"]) for line in lines)
    assert total and f"{total:,} objects in 2 images" in capsys.readouterr().out
    predictions = json.loads((out / "predictions.json").read_text())
    names = [entry["name"] for entry in predictions["metainfo"]["category"]]
    assert names == ["ship", "plane"]
    assert sum(len(image["instances"]) for image in predictions["data_list"]) == total
    with zipfile.ZipFile(zipped) as archive:
        found = [archive.read(f"Task1_{name}.txt").decode() for name in names]
    assert sum(len(text.splitlines()) for text in found) == total
    picture = cv2.imread(str(out / "P1.jpg"))
    assert picture.shape == (100, 150, 3)


def test_what_is_wrong_is_told_before_the_model_is_loaded(model, images, tmp_path):
    out = ["--out", str(tmp_path / "out")]
    with pytest.raises(ConfigError, match="64 pixels with a gap of 64"):
        main([*model, str(images), *out, "--gap", "64"])
    (tmp_path / "a b.png").write_bytes((images / "P2.png").read_bytes())
    with pytest.raises(DataError, match="'a b': the name of an image without white space"):
        main([*model, str(tmp_path / "a b.png"), *out, "--submission", str(tmp_path / "z.zip")])
    texts = write_config(tmp_path)
    for option in (["--tile", "64"], ["--submission", "a.zip"], ["--no-pictures"]):
        with pytest.raises(ConfigError, match=rf"^{option[0]}: .* finds texts"):
            main([texts, *model[1:], str(images), *out, *option])


def test_an_image_beyond_the_bound_is_named(model, images, tmp_path):
    options = ["--out", str(tmp_path / "out"), "--max-pixels", "10000", "--no-pictures"]
    with pytest.raises(DataError, match=r"P1\.png: .* at most 10,000 are read"):
        main([*model, str(images), *options])
    assert not (tmp_path / "out/predictions.json").exists()
