import hashlib
import pickle

import numpy as np
import pytest

from tcm.charset import SETS
from tcm.data.synth import word_dataset
from tcm.data.synth.word_dataset import SyntheticWords
from tcm.errors import ConfigError
from tcm.registry import DATASETS


def _digest(sample):
    return hashlib.sha256(sample.image.tobytes() + sample.instances.texts[0].encode()).hexdigest()


def test_a_crop_is_of_the_contract():
    dataset = DATASETS.build({"type": "SyntheticWords", "length": 5})
    sample = dataset.load(3)
    assert len(dataset) == 5 and dataset.ids[3] == sample.path == "synthetic_words/0-000003"
    height, width = sample.image.shape[:2]
    assert sample.image.dtype == np.uint8 and sample.index == 3 and sample.size == (height, width)
    np.testing.assert_array_equal(
        sample.instances.polygons, [[[0, 0], [width, 0], [width, height], [0, height]]]
    )
    (text,) = sample.instances.texts
    assert 1 <= len(text) <= 12 and set(text) <= set(SETS["parseq94"])


def test_a_crop_depends_on_seed_and_index_alone():
    forward = SyntheticWords(6)
    backward = pickle.loads(pickle.dumps(SyntheticWords(6)))
    first = [_digest(forward.load(i)) for i in range(6)]
    second = [_digest(backward.load(i)) for i in reversed(range(6))][::-1]
    assert first == second and len(set(first)) == 6
    assert _digest(SyntheticWords(6, seed=1).load(0)) not in first


def test_charset_and_length_are_kept(tmp_path):
    file = tmp_path / "charset.txt"
    file.write_text("x\ny\n7\n", encoding="utf-8")
    dataset = SyntheticWords(30, charset=str(file), word_length=[3, 4])
    texts = [dataset.load(i).instances.texts[0] for i in range(30)]
    assert {len(text) for text in texts} == {3, 4} and set("".join(texts)) <= set("xy7")


@pytest.mark.parametrize("style", ["straight", "rotated", "perspective", "curved"])
def test_the_whole_word_is_seen_in_every_style(style, monkeypatch):
    drawn = []
    draw = word_dataset.draw_word
    monkeypatch.setattr(
        word_dataset,
        "draw_word",
        lambda image, word, rng: drawn.append((image, word)) or draw(image, word, rng),
    )
    dataset = SyntheticWords(20, styles=[style], text_height=[20, 20])
    for i in range(20):
        dataset.load(i)
        image, word = drawn[-1]
        outline = word.shape.outline
        assert (outline >= 0).all() and (outline <= image.shape[1::-1]).all()
        edge = outline[len(outline) // 2 - 1] - outline[0]
        if style == "straight":
            assert edge[1] == 0
        if style == "rotated":
            assert abs(np.degrees(np.arctan2(*edge[::-1]))) <= 20
    assert len({word.text for _, word in drawn}) > 10


def test_flat_and_narrow_words_are_drawn_too(tmp_path):
    file = tmp_path / "charset.txt"
    file.write_text(".\n-\n|\n", encoding="utf-8")
    dataset = SyntheticWords(40, charset=str(file), word_length=[1, 2], text_height=[4, 6])
    for i in range(40):
        assert min(dataset.load(i).image.shape[:2]) >= 1


def test_noise_can_be_had_or_not():
    still, noisy = (
        [SyntheticWords(30, noise_std=std).load(i).image.astype(int) for i in range(30)]
        for std in (0, 60)
    )
    rough = [
        np.mean([np.abs(np.diff(image, axis=1)).mean() for image in images])
        for images in (still, noisy)
    ]
    assert rough[1] > rough[0] + 10


@pytest.mark.parametrize("index", [-1, 5])
def test_an_index_beyond_the_dataset_is_an_error(index):
    with pytest.raises(IndexError, match="dataset of 5"):
        SyntheticWords(5).load(index)


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("length", 0, "length"),
        ("seed", -1, "seed"),
        ("styles", ["curvy"], "did you mean 'curved'"),
        ("styles", [], "styles"),
        ("text_height", [1, 9], "text_height"),
        ("word_length", [0, 3], "word_length"),
        ("word_length", [1, 26], "at most 25"),
        ("charset", 93, "SyntheticWords.charset: no charset '93'"),
        ("charset", {"characters": " "}, "no character but the blank"),
        ("max_angle_deg", 91, "max_angle_deg"),
        ("noise_std", -1, "noise_std"),
    ],
)
def test_a_wrong_argument_is_named(argument, value, message):
    with pytest.raises(ConfigError, match=message):
        SyntheticWords(**{argument: value})
