import numpy as np
import pytest
from PIL import Image

from tcm.charset import SETS
from tcm.data.datasets.word_list import word_sample
from tcm.data.loading.collate import collate
from tcm.data.transforms.moves import move
from tcm.data.transforms.warp import Warp
from tcm.data.transforms.words import LabelTargets, MultiSizeResize, StretchTo
from tcm.errors import ConfigError, DataError

RNG = np.random.default_rng(0)


def _word(text="Ab1", height=20, width=75):
    noise = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return word_sample(noise, "word.png", text, 0)


@pytest.mark.parametrize("size", [(32, 128), (224, 224), (8, 9)])
def test_a_crop_is_stretched_as_pillow_does_it(size):
    word = _word()
    out = Warp(interpolation="bicubic")(StretchTo(size)(word, RNG), RNG)
    expected = Image.fromarray(word.image).resize(size[::-1], Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(out.image, np.asarray(expected))
    height, width = size
    np.testing.assert_allclose(
        out.instances.polygons, [[[0, 0], [width, 0], [width, height], [0, height]]], rtol=1e-6
    )
    assert out.size == size


def test_a_crop_gets_the_size_of_its_ratio():
    out = Warp()(MultiSizeResize()(_word(height=20, width=59), RNG), RNG)
    assert out.size == out.image.shape[:2] == (40, 112)
    resize = MultiSizeResize([(24, 24), (16, 32)], max_ratio=3)
    assert resize(_word(height=20, width=59), RNG).size == (16, 48)
    assert resize.sizes == {(24, 24), (16, 32), (16, 48)}


def test_a_bicubic_warp_reproduces_a_plane_and_overshoots_at_an_edge():
    ramp = np.repeat(np.arange(0, 200, 2, dtype=np.uint8)[None, :, None], 20, axis=0)
    word = word_sample(np.repeat(ramp, 3, axis=2), "", "a", 0)
    shifted = move(word, np.array([[1, 0, 0.5], [0, 1, 0], [0, 0, 1.0]]), (20, 100))
    out = Warp(interpolation="bicubic")(shifted, RNG)
    np.testing.assert_array_equal(out.image[:, 3:-3], word.image[:, 3:-3] - 1)
    step = word_sample(np.full((20, 20, 3), 50, np.uint8), "", "a", 0)
    step.image[:, 10:] = 150
    shifted = move(step, np.array([[1, 0, 0.5], [0, 1, 0], [0, 0, 1.0]]), (20, 20))
    assert Warp()(shifted, RNG).image[:, 2:].max() == 150
    assert Warp(interpolation="bicubic")(shifted, RNG).image.max() > 150


def test_labels_become_indices_padded_with_minus_one():
    out = LabelTargets(charset=94, max_label_length=6)(_word("0aA!~"), RNG)
    rows = out.maps["text_rows"]
    assert rows.dtype == np.int64
    np.testing.assert_array_equal(rows, [[0, 10, 36, 62, 93, -1]])


def test_labels_can_be_read_back_from_a_batch():
    texts = ["Salutes", "5:30", "", "don't"]
    transform = LabelTargets()
    batch = collate([transform(_word(text, 32, 128), RNG) for text in texts])
    rows = batch.targets["text_rows"]
    assert rows.shape == (4, 1, 25)
    characters = SETS["parseq94"]
    read = ["".join(characters[i] for i in row[0].tolist() if i >= 0) for row in rows]
    assert read == texts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "word.png: there is no text"),
        ("abcde", "'abcde' is longer than 4"),
        ("a b", "'a b' has ' ', which"),
    ],
)
def test_a_label_that_does_not_fit_is_named(text, message):
    with pytest.raises(DataError, match=message):
        LabelTargets(max_label_length=4)(_word(text), RNG)


def test_wrong_arguments_are_named():
    with pytest.raises(ConfigError, match=r"StretchTo.size: .* got \[32\]"):
        StretchTo([32])
    with pytest.raises(ConfigError, match="LabelTargets.max_label_length: .* at least 1 is wanted"):
        LabelTargets(max_label_length=0)
    with pytest.raises(ConfigError, match="got 'cubic'; did you mean 'bicubic'"):
        Warp(interpolation="cubic")
    with pytest.raises(ConfigError, match="LabelTargets.charset: no charset '93'"):
        LabelTargets(charset=93)
