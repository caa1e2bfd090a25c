"""Reading one's own images from the command."""

import json
import logging

import cv2
import numpy as np
import pytest
import torch

from tcm.cli.infer import main
from tcm.errors import DataError
from tcm.models.recognizers.recognizer import TextRecognizer
from tcm.structures import TextInstances
from tests.cli.tiny import write_checkpoint, write_config
from tests.data.builders import box
from tests.data.exif import encoded


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return a config and a checkpoint that finds one text in every image."""
    folder = tmp_path_factory.mktemp("tiny")
    config = write_config(folder)
    return [config, write_checkpoint(config, folder / "tiny.ckpt"), "--device", "cpu"]


def _write(path, height=64, width=64):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert cv2.imwrite(str(path), image)
    return path


@pytest.fixture
def folder(tmp_path):
    """A folder of two images, of sizes that are no multiples of 32, and of something else."""
    _write(tmp_path / "images" / "b.PNG", 50, 70)
    _write(tmp_path / "images" / "a.jpg", 40, 33)
    (tmp_path / "images" / "notes.txt").write_text("no image")
    return tmp_path / "images"


def _found(out):
    return json.loads((out / "predictions.json").read_text())["data_list"]


def test_a_folder_is_read_in_the_order_of_its_names(tiny, folder, tmp_path, capsys):
    out = tmp_path / "new" / "out"
    assert main([*tiny, str(folder), "--out", str(out)]) == 0
    assert [image["img_path"] for image in _found(out)] == [
        str(folder / name) for name in ("a.jpg", "b.PNG")
    ]
    assert sorted(p.name for p in out.glob("[!.]*")) == ["a.jpg", "b.jpg", "predictions.json"]
    line = f"2 texts in 2 images; pictures and predictions.json in {out}"
    assert capsys.readouterr().out.splitlines()[-1] == line


def test_predictions_and_pictures_have_the_coordinates_of_the_file(tiny, folder, tmp_path):
    main([*tiny, str(folder), "--out", str(tmp_path / "out")])
    for image, name, (height, width) in zip(
        _found(tmp_path / "out"), "ab", [(40, 33), (50, 70)], strict=True
    ):
        assert cv2.imread(str(tmp_path / "out" / f"{name}.jpg")).shape == (height, width, 3)
        (instance,) = image["instances"]
        centre = np.reshape(instance["polygon"], (-1, 2)).mean(axis=0)
        np.testing.assert_allclose(centre, [width / 2, height / 2], atol=1)


@pytest.mark.parametrize(("options", "size"), [([], (24, 16)), (["--exif", "ignore"], (16, 24))])
def test_a_photo_is_read_and_drawn_upright(tiny, tmp_path, options, size):
    (tmp_path / "photo.png").write_bytes(encoded("png", 6))
    main([*tiny, str(tmp_path / "photo.png"), "--out", str(tmp_path / "out"), *options])
    assert cv2.imread(str(tmp_path / "out" / "photo.jpg")).shape[:2] == size
    (instance,) = _found(tmp_path / "out")[0]["instances"]
    centre = np.reshape(instance["polygon"], (-1, 2)).mean(axis=0)
    np.testing.assert_allclose(centre, [size[1] / 2, size[0] / 2], atol=1)


def test_files_and_folders_can_be_mixed(tiny, folder, tmp_path):
    single = _write(tmp_path / "single.png")
    main([*tiny, str(single), str(folder), "--out", str(tmp_path / "out")])
    assert [image["img_path"] for image in _found(tmp_path / "out")] == [
        str(single),
        str(folder / "a.jpg"),
        str(folder / "b.PNG"),
    ]


@pytest.mark.parametrize(("score", "count"), [("0.45", 1), ("0.55", 0)])
def test_texts_below_the_least_score_are_left_out(tiny, tmp_path, score, count, capsys):
    single = _write(tmp_path / "single.png")
    out = tmp_path / "out"
    main([*tiny, str(single), "--out", str(out), "--min-score", score])
    (image,) = _found(out)
    assert len(image["instances"]) == count
    assert (out / "single.jpg").exists()
    assert f"{count} texts in 1 images" in capsys.readouterr().out


def test_the_input_is_left_as_it_is_even_in_its_own_folder(tiny, tmp_path):
    single = _write(tmp_path / "images" / "single.png")
    before = single.read_bytes()
    main([*tiny, str(single), "--out", str(tmp_path / "images")])
    assert single.read_bytes() == before


def test_a_picture_does_not_replace_its_own_image(tiny, tmp_path):
    single = _write(tmp_path / "images" / "single.jpg")
    before = single.read_bytes()
    with pytest.raises(DataError, match=r"single\.jpg"):
        main([*tiny, str(single), "--out", str(tmp_path / "images")])
    assert single.read_bytes() == before


def test_a_folder_without_images_is_an_error(tiny, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").touch()
    with pytest.raises(DataError, match="empty: no images in this folder"):
        main([*tiny, str(tmp_path / "empty")])


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_truncated_image_is_named(tiny, tmp_path, suffix):
    single = _write(tmp_path / f"single.{suffix}")
    single.write_bytes(single.read_bytes()[:600])
    with pytest.raises(DataError, match=rf"single\.{suffix}: not a whole image \(600 bytes\)"):
        main([*tiny, str(single), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out" / "predictions.json").exists()


def test_what_is_no_image_is_named(tiny, tmp_path):
    (tmp_path / "photo.jpg").write_text("no image")
    with pytest.raises(DataError, match=r"photo\.jpg: not a whole image"):
        main([*tiny, str(tmp_path / "photo.jpg"), "--out", str(tmp_path / "out")])


def test_a_file_that_is_no_font_is_named_before_anything_is_read(tiny, tmp_path):
    single = _write(tmp_path / "single.png")
    (tmp_path / "a.ttf").write_text("no font")
    with pytest.raises(DataError, match=r"a\.ttf: cannot be read as a font"):
        main(
            [*tiny, str(single), "--out", str(tmp_path / "out"), "--font", str(tmp_path / "a.ttf")]
        )
    assert not (tmp_path / "out").exists()


class _WordReader(TextRecognizer):
    """Reads the same word in every crop."""

    def __init__(self):
        torch.nn.Module.__init__(self)

    forward = loss = most_likely = text = None

    def outputs(self, images):
        return {"images": images}

    def texts_of(self, outputs, matrices, sizes):
        return [TextInstances([box(0, 0, 9, 9)], ["word"], scores=[0.5]) for _ in sizes]


@pytest.mark.parametrize(("sizes", "told"), [([(480, 640), (600, 480)], 1), ([(479, 640)], 0)])
def test_a_recognizer_given_scenes_says_once_that_it_reads_words(
    tiny, tmp_path, monkeypatch, caplog, sizes, told
):
    monkeypatch.setattr("tcm.cli.network.load_model", lambda *_: _WordReader())
    paths = [
        _write(tmp_path / f"{i}.png", height, width) for i, (height, width) in enumerate(sizes)
    ]
    paths.append(_write(tmp_path / "word.png", 480, 1000))
    with caplog.at_level(logging.WARNING, "tcm"):
        main([*tiny, *map(str, paths), "--out", str(tmp_path / "out")])
    lines = [record.getMessage() for record in caplog.records]
    assert lines == told * [
        f"{tmp_path}/0.png: 640x480 pixels look like a scene; _WordReader takes an image for the "
        "crop of one word and reads nothing else of it"
    ]


def test_a_detector_is_given_scenes(tiny, tmp_path, caplog):
    main([*tiny, str(_write(tmp_path / "0.png", 480, 640)), "--out", str(tmp_path / "out")])
    assert not caplog.records


class _Reader(torch.nn.Module):
    """Finds one text in every image and reads the same in all."""

    def outputs(self, images):
        return {"images": images}

    def texts_of(self, outputs, matrices, sizes):
        return [TextInstances([box(0, 20, 60, 60)], ["Café 中"], scores=[0.5]) for _ in sizes]


def test_texts_are_written_and_drawn_and_what_the_font_lacks_is_told(
    tiny, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("tcm.cli.network.load_model", lambda *_: _Reader())
    main([*tiny, str(_write(tmp_path / "single.png")), "--out", str(tmp_path / "out")])
    (image,) = _found(tmp_path / "out")
    assert image["instances"][0]["text"] == "Café 中"
    assert "drawn as boxes, for lack of a glyph: 中; see --font" in capsys.readouterr().out
