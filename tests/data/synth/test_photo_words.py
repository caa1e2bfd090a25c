import pickle

import numpy as np
import pytest

from tcm.charset import SETS
from tcm.data.synth.photo_words import PhotoWords
from tcm.registry import DATASETS

SCENES = {"type": "SyntheticText", "length": 4, "size": [160, 480], "words_per_image": [1, 1]}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    file = tmp_path_factory.mktemp("words") / "words"
    file.write_text("street\nPlatform\n", encoding="utf-8")
    return DATASETS.build(
        {
            "type": "PhotoWords",
            "length": 40,
            "fonts": "dejavu",
            "vocabulary": [str(file)],
            "backgrounds": SCENES,
        }
    )


def test_a_crop_is_of_the_contract(dataset):
    for index in range(40):
        sample = dataset.load(index)
        height, width = sample.image.shape[:2]
        assert sample.image.dtype == np.uint8 and sample.size == (height, width)
        (text,) = sample.instances.texts
        assert text and set(text) <= set(SETS["parseq94"])
        assert sample.path == dataset.ids[index] == f"photo_words/0-{index:06d}"


def test_a_crop_depends_on_seed_and_index_alone(dataset):
    other = pickle.loads(pickle.dumps(dataset))
    for index in (5, 3):
        first, second = dataset.load(index), other.load(index)
        np.testing.assert_array_equal(first.image, second.image)
        assert first.instances.texts == second.instances.texts
    assert not np.array_equal(
        PhotoWords(9, 0, fonts="dejavu").load(3).image,
        PhotoWords(9, 1, fonts="dejavu").load(3).image,
    )


def test_the_word_can_be_told_from_its_ground(dataset):
    spreads = [dataset.load(index).image.std(axis=(0, 1)).max() for index in range(40)]
    assert min(spreads) > 4


def test_text_is_as_high_as_wanted():
    samples = [PhotoWords(20, fonts="dejavu", text_height=(20, 22)).load(i) for i in range(20)]
    heights = [sample.size[0] for sample in samples]
    assert min(heights) > 14 and np.median(heights) < 36
