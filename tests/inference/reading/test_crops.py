import json

import cv2
import numpy as np
import pytest

from tcm.errors import DataError
from tcm.inference.reading.crops import cut_crop, outline_of, readings_of
from tcm.inference.reading.sizes import (
    CropPolicy,
    RatioCropPolicy,
    crops_of_json,
    crops_of_pipeline,
)

POLICY = CropPolicy(16, 48)


def _box(left, top, right, bottom):
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def _image(height=120, width=160):
    image = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)


def test_a_crop_at_its_own_scale_is_the_pixels_themselves():
    image = _image()
    crop = cut_crop(image, outline_of(_box(30, 40, 78, 56), "quad"), POLICY)
    np.testing.assert_array_equal(crop, image[40:56, 30:78])


@pytest.mark.parametrize(("width", "size"), [(20, (64, 64)), (40, (48, 96)), (300, (32, 160))])
def test_a_word_gets_the_size_of_its_ratio(width, size):
    image = _image(120, 320)
    policy = RatioCropPolicy(max_ratio=5)
    crop = cut_crop(image, outline_of(_box(10, 40, 10 + width, 60), "quad"), policy)
    assert crop.shape == (*size, 3)
    if width == 40:
        fixed = cut_crop(image, outline_of(_box(10, 40, 50, 60), "quad"), CropPolicy(48, 96))
        np.testing.assert_array_equal(crop, fixed)


@pytest.mark.parametrize(
    "resize", [{"type": "StretchTo", "size": [16, 48]}, {"type": "MultiSizeResize", "max_ratio": 7}]
)
def test_what_crops_are_like_is_kept_as_json(resize):
    policy = crops_of_pipeline([resize, {"type": "Warp", "interpolation": "bicubic"}])
    content = json.loads(json.dumps(policy.as_json()))
    again = crops_of_json(content, "input")
    assert again.size_of(10, 64) == policy.size_of(10, 64)
    assert again.interpolation == "bicubic" and again.as_json() == content
    shown = {k: v for k, v in policy.resizing().items() if k in resize}
    assert shown == resize


def test_a_damaged_description_of_crops_is_named():
    with pytest.raises(DataError, match="model.json: input.max_ratio"):
        crops_of_json({"sizes": [[8, 8]], "max_ratio": 0}, "model.json: input")


def test_large_words_are_averaged_and_do_not_alias():
    stripes = np.zeros((128, 384, 3), np.uint8)
    stripes[:, ::2] = 255  # of one pixel
    crop = cut_crop(stripes, outline_of(_box(0, 0, 384, 128), "box"), POLICY)
    assert crop.shape == (16, 48, 3)
    assert np.abs(crop[:, 2:-2].astype(int) - 127).max() <= 2


def test_what_lies_beyond_the_image_is_its_border_prolonged():
    image = np.full((20, 20, 3), 200, np.uint8)
    assert (cut_crop(image, outline_of(_box(-10, 5, 20, 15), "box"), POLICY) == 200).all()
    assert cut_crop(image, outline_of(_box(40, 5, 60, 15), "box"), POLICY) is None


def test_a_very_large_image_is_cut_too():
    image = np.zeros((40, 40_000, 3), np.uint8)
    image[10:26, 39_000:39_048] = 255
    crop = cut_crop(image, outline_of(_box(39_000, 10, 39_048, 26), "quad"), POLICY)
    assert (crop == 255).all()


def test_a_polygon_without_area_has_no_outline():
    assert outline_of(np.zeros((4, 2)), "quad") is None
    assert outline_of(np.array([[0, 0], [9, 9]]), "curve") is None


def test_curves_are_for_polygons_of_more_than_four_points():
    quad = _box(30, 40, 78, 56)
    assert len(outline_of(quad, "curve")) == 4
    straight = np.array([[30, 40], [54, 38], [78, 40], [78, 56], [54, 54], [30, 56]])
    assert len(outline_of(straight, "curve")) == 4
    np.testing.assert_array_equal(outline_of(straight, "curve", ordered=True), straight)
    bent = np.array([[30, 60], [54, 38], [78, 60], [72, 70], [54, 52], [36, 70]])
    assert len(outline_of(bent, "curve")) == 16


@pytest.mark.parametrize(
    ("box", "first", "second"), [((0, 0, 60, 20), 1, 1), ((0, 0, 20, 60), 3, 0)]
)
def test_ways_of_reading_a_wide_and_a_tall_word(box, first, second):
    ways = readings_of(outline_of(_box(*box), "quad"))
    assert tuple(map(len, ways)) == (first, second)


def test_a_word_written_downwards_is_upright_in_one_of_its_crops():
    word = _image(16, 48)
    image = np.zeros((80, 60, 3), np.uint8)
    image[10:58, 20:36] = np.rot90(word, -1)  # read downwards
    ways, _ = readings_of(outline_of(_box(20, 10, 36, 58), "quad"))
    crops = [cut_crop(image, way, POLICY) for way in ways]
    assert any(np.array_equal(crop, word) for crop in crops)
