"""`TextReader` and `load` on checkpoints of random parameters."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

import tcm
from tcm.errors import CheckpointError, ConfigError, DataError
from tcm.inference.reading.results import ReadResult
from tcm.inference.reading.runner import Reading
from tests.reader.checkpoints import BY_RATIO, write_detector, write_recognizer

IMAGE = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return write_detector(folder), write_recognizer(folder)


@pytest.fixture(scope="module")
def reader(models):
    return tcm.TextReader(*models, device="cpu")


def test_a_photo_is_read_in_one_line(reader, tmp_path):
    Image.fromarray(IMAGE).save(tmp_path / "photo.png")
    result = reader(tmp_path / "photo.png")
    assert isinstance(result, ReadResult) and result.name.endswith("photo.png")
    (word,) = result.words
    assert word.text == result.text and 0 < word.confidence < 1
    assert word.score == pytest.approx(0.5, abs=1e-3)
    assert json.loads(result.to_json())["words"][0]["text"] == word.text
    np.testing.assert_array_equal(result.image(), IMAGE)


def test_crops_of_many_ratios_are_shown_each_in_its_own_size(models, tmp_path):
    recognizer = tcm.load(write_recognizer(tmp_path, config=BY_RATIO), device="cpu")
    shown = []
    recognizer.runner.model.register_forward_pre_hook(
        lambda part, given: shown.append(tuple(given[0].shape))
    )
    crops = [IMAGE[:30, :width] for width in (30, 90, 62, 28, 96)]
    together = recognizer(crops)
    assert shown == [(2, 3, 64, 64), (2, 3, 40, 112), (1, 3, 48, 96)]
    for crop, reading in zip(crops, together, strict=True):
        alone = recognizer(crop)
        assert alone.text == reading.text
        assert alone.confidence == pytest.approx(reading.confidence, rel=1e-4)
    wide = np.tile(IMAGE[:32], (1, 3, 1))
    (word,) = tcm.TextReader(models[0], recognizer, device="cpu")(wide).words
    assert shown[-1][2:] == (32, 128)  # the one word is nine times as wide as high
    assert 0 < word.confidence < 1


def test_a_path_an_array_and_an_image_read_alike(reader, tmp_path):
    Image.fromarray(IMAGE).save(tmp_path / "photo.png")
    sources = [tmp_path / "photo.png", str(tmp_path / "photo.png"), IMAGE, Image.fromarray(IMAGE)]
    results = [reader(source) for source in sources]
    assert len({result.text for result in results}) == 1
    assert [result.to_dict()["words"] for result in reader(sources)] == [
        result.to_dict()["words"] for result in results
    ]


def test_a_list_gives_a_list_and_a_generator_an_iterator(reader):
    assert [type(one) for one in reader([IMAGE, IMAGE])] == [ReadResult] * 2
    asked = []

    def images():
        for number in range(100):
            asked.append(number)
            yield IMAGE

    results = reader(images())
    assert next(results).words and len(asked) < 60
    results.close()


def test_a_bad_image_is_an_error_that_names_it(reader, tmp_path):
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(DataError, match=r"text\.jpg"):
        reader(tmp_path / "text.jpg")
    with pytest.raises(DataError, match="a path, an array"):
        reader(7)


def test_a_model_alone(models):
    detector, recognizer = (tcm.load(path, device="cpu") for path in models)
    assert detector(IMAGE).words[0].text is None
    reading = recognizer(IMAGE)
    assert isinstance(reading, Reading) and 0 < reading.confidence < 1
    many = recognizer([IMAGE] * 40)
    assert len(many) == 40 and {one.text for one in many} == {reading.text}
    assert {"score map", "visual prompt", "probability"} == set(detector.maps(IMAGE))


def test_loaded_models_go_into_a_reader(models, reader):
    parts = [tcm.load(path, device="cpu") for path in models]
    assert tcm.TextReader(*parts)(IMAGE).text == reader(IMAGE).text


def test_keys_of_the_model_can_be_changed_when_it_is_loaded(models):
    model = tcm.load(models[1], device="cpu", decode_ar=False, refine_iters=0)
    assert not model.runner.model.decode_ar and model.runner.model.refine_iters == 0
    with pytest.raises(ConfigError, match="decod_ar.*decode_ar"):
        tcm.load(models[1], device="cpu", decod_ar=False)


@pytest.mark.parametrize(
    ("swap", "line"), [((1, 1), "detector: .*recognizer"), ((0, 0), "recognizer: .*detector")]
)
def test_models_of_the_wrong_kind_are_named(models, swap, line):
    with pytest.raises(ConfigError, match=line):
        tcm.TextReader(*(models[i] for i in swap), device="cpu")


@pytest.mark.parametrize(
    "wrong", [{"rectify": "cylinder"}, {"margin": -1}, {"min_confidence": 2}, {"max_side": 4}]
)
def test_wrong_options_are_named(models, wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        tcm.TextReader(*models, device="cpu", **wrong)


def test_a_checkpoint_without_a_config_asks_for_one(models, tmp_path):
    content = torch.load(models[0], weights_only=True)
    torch.save({"state_dict": content["state_dict"]}, tmp_path / "bare.ckpt")
    with pytest.raises(CheckpointError, match="carries no config"):
        tcm.load(tmp_path / "bare.ckpt")
    with pytest.raises(CheckpointError, match=r"none\.ckpt does not exist"):
        tcm.load(tmp_path / "none.ckpt")


def test_a_checkpoint_runs_no_code_of_its_own(models, tmp_path):
    (tmp_path / "evil_parts.py").write_text("raise SystemExit('ran')")
    content = torch.load(models[0], weights_only=True)
    content["tcm"]["config"]["imports"] = [str(tmp_path / "evil_parts.py")]
    torch.save(content, tmp_path / "evil.ckpt")
    with pytest.raises(CheckpointError, match="import evil_parts first"):
        tcm.load(tmp_path / "evil.ckpt")


def test_names_of_the_package():
    assert {"TextReader", "load", "__version__"} <= set(dir(tcm))
    with pytest.raises(AttributeError, match="no attribute 'Reader'"):
        tcm.Reader  # noqa: B018
