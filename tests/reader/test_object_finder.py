"""`tcm.load` of a rotated detector: objects in images of any size."""

import json

import cv2
import numpy as np
import pytest

import tcm
from tcm.errors import ConfigError, DataError
from tcm.inference.objects.results import ObjectResult
from tests.reader.checkpoints import write_detector, write_object_detector

IMAGE = np.random.default_rng(0).integers(0, 256, (100, 150, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return write_object_detector(tmp_path_factory.mktemp("objects"))[0]


@pytest.fixture(scope="module")
def model(checkpoint):
    return tcm.load(checkpoint, device="cpu")


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    cv2.imwrite(str(path), IMAGE[..., ::-1])
    return path


def test_an_image_larger_than_a_window_has_objects_everywhere(model, photo):
    result = model(photo)
    assert isinstance(result, ObjectResult) and result.size == (100, 150)
    assert set(result.counts) <= {"ship", "plane"}
    middles = np.array([one.polygon.mean(axis=0) for one in result.objects])
    assert (middles.max(axis=0) > [100, 70]).all() and (middles < [150, 100]).all()
    confidences = [one.confidence for one in result.objects]
    assert confidences == sorted(confidences, reverse=True)


def test_the_json_has_classes_and_the_picture_their_colours(model, photo):
    result = model(photo)
    content = json.loads(result.to_json())
    first = content["objects"][0]
    assert first["class"] == ("ship", "plane")[first["label"]] and len(first["polygon"]) == 4
    assert content["counts"] == result.counts and content["width"] == 150
    picture = result.draw()
    assert picture.shape == IMAGE.shape and (picture != IMAGE).any()


def test_an_array_a_list_and_a_file_give_the_same(model, photo):
    wanted = model(photo).to_dict()["objects"]
    assert [one.to_dict()["objects"] for one in model([IMAGE, photo])] == [wanted, wanted]


def test_windows_and_pixels_are_chosen_by_options(model, checkpoint, photo):
    whole = tcm.load(checkpoint, device="cpu", tile=150, gap=0, max_pixels=15_000)
    assert 0 < len(whole(photo).objects) < len(model(photo).objects)
    whole.max_pixels -= 1
    with pytest.raises(DataError, match="150x100 pixels; at most 14,999 are read"):
        whole(photo)


def test_a_reader_of_texts_refuses_it(model):
    with pytest.raises(ConfigError, match="^detector: .*objects"):
        tcm.TextReader(model, device="cpu")


def test_a_model_of_other_classes_is_refused(tmp_path):
    path = write_object_detector(tmp_path, classes="v1.0")[0]
    with pytest.raises(ConfigError, match="15 names, the model 2 classes"):
        tcm.load(path, device="cpu")


def test_detectors_of_texts_take_a_tile_and_no_gap(tmp_path, photo):
    path = write_detector(tmp_path)
    assert len(tcm.load(path, device="cpu", tile=64)(photo).words) > 1
    with pytest.raises(ConfigError, match="^gap: .* a detector of texts"):
        tcm.load(path, device="cpu", gap=3)
