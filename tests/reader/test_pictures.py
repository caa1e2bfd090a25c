"""Whatever shows a picture becomes RGB, upright, on white."""

import cv2
import numpy as np
import pytest
from PIL import Image

from tcm.errors import DataError
from tcm.reader.pictures import as_rgb, read_picture

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8)
GREY = RGB[..., 0]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (RGB, RGB),
        (GREY, np.repeat(GREY[..., None], 3, 2)),
        (GREY[..., None], np.repeat(GREY[..., None], 3, 2)),
        (GREY > 127, np.repeat(((GREY > 127) * 255)[..., None], 3, 2)),
        (RGB.astype(np.uint16) * 257, RGB),
        (RGB.astype(np.float32) / 255, RGB),
        (RGB[:, ::-1], RGB[:, ::-1]),
        (Image.fromarray(RGB), RGB),
        (Image.fromarray(GREY), np.repeat(GREY[..., None], 3, 2)),
        (Image.fromarray(GREY.astype(np.uint16) * 257), np.repeat(GREY[..., None], 3, 2)),
    ],
)
def test_arrays_and_images_of_all_kinds(given, wanted):
    image = as_rgb(given, "it")
    assert image.dtype == np.uint8 and image.flags.c_contiguous
    np.testing.assert_array_equal(image, wanted)


def test_what_is_transparent_is_seen_on_white():
    rgba = np.dstack([RGB, np.full((6, 8), 255, np.uint8)])
    rgba[0, 0], rgba[0, 1] = (0, 0, 0, 0), (0, 0, 0, 128)
    for given in (rgba, Image.fromarray(rgba)):
        image = as_rgb(given, "it")
        assert image[0, 0].tolist() == [255] * 3 and image[0, 1].tolist() == [127] * 3
        np.testing.assert_array_equal(image[1:], RGB[1:])


def test_modes_of_pillow():
    palette = Image.fromarray(RGB).convert("P")
    np.testing.assert_array_equal(as_rgb(palette, "it"), np.asarray(palette.convert("RGB")))
    for mode in ("CMYK", "YCbCr", "LA", "1", "I"):
        assert as_rgb(Image.fromarray(RGB).convert("L").convert(mode), "it").shape == RGB.shape


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((2, 4, 4, 3), np.uint8),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 4), np.int64),
        np.full((4, 4), 2.0),
        np.full((4, 4), np.inf),
        "text",
        7,
    ],
)
def test_other_things_are_named(wrong):
    with pytest.raises(DataError, match="^the input: "):
        as_rgb(wrong, "the input")


def test_an_image_of_pillow_s_whose_file_is_cut_is_named(tmp_path):
    Image.fromarray(np.zeros((200, 200, 3), np.uint8)).save(tmp_path / "a.jpg")
    content = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(content[: len(content) - 200])
    with pytest.raises(DataError, match="^the input: not a whole image"):
        as_rgb(Image.open(tmp_path / "cut.jpg"), "the input")


def test_the_caller_s_array_is_left_alone():
    before = RGB.copy()
    as_rgb(RGB, "it")
    np.testing.assert_array_equal(RGB, before)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_files_with_alpha(tmp_path, suffix):
    rgba = np.dstack([RGB, np.full((6, 8), 255, np.uint8)])
    rgba[:2] = 0
    path = tmp_path / f"a{suffix}"
    options = {"lossless": True} if suffix == ".webp" else {}
    Image.fromarray(rgba).save(path, **options)
    image = read_picture(path)
    assert (image[:2] == 255).all()
    np.testing.assert_array_equal(image[2:], RGB[2:])


def test_files_of_sixteen_bits(tmp_path):
    cv2.imwrite(str(tmp_path / "a.tif"), RGB[..., ::-1].astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif"), RGB)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("alpha", [False, True])
def test_files_are_upright_as_viewers_show_them(tmp_path, orientation, alpha):
    turned = np.rint(cv2.resize(RGB, (32, 24), interpolation=cv2.INTER_NEAREST)).astype(np.uint8)
    if alpha:
        turned = np.dstack([turned, np.full((24, 32), 255, np.uint8)])
        turned[:8, :8] = 0
    exif = Image.Exif()
    exif[274] = orientation
    stored = Image.fromarray(turned)
    stored.save(tmp_path / "a.png", exif=exif)
    upright = as_rgb(Image.open(tmp_path / "a.png"), "it")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), upright)
    assert upright.shape[0] == (32 if orientation > 4 else 24)


def test_only_a_png_that_may_have_alpha_is_decoded_twice(tmp_path, monkeypatch):
    calls = []
    decode = cv2.imdecode
    monkeypatch.setattr(cv2, "imdecode", lambda *given: calls.append(1) or decode(*given))
    hole = tuple(RGB[0, 0].tolist())
    for options, times in (({}, 1), ({"transparency": hole}, 2)):
        calls.clear()
        Image.fromarray(RGB).save(tmp_path / "a.png", **options)
        assert read_picture(tmp_path / "a.png").shape == RGB.shape
        assert len(calls) == times


def test_the_bound_of_pixels_can_be_raised_and_lowered(tmp_path):
    for suffix in (".png", ".tif", ".ppm"):
        Image.fromarray(RGB).save(tmp_path / f"a{suffix}")
        np.testing.assert_array_equal(read_picture(tmp_path / f"a{suffix}", max_pixels=48), RGB)
        with pytest.raises(DataError, match="an image of 8x6 pixels; at most 47 are read"):
            read_picture(tmp_path / f"a{suffix}", max_pixels=47)
