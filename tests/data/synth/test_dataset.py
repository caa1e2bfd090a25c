import hashlib
import pickle
import subprocess
import sys

import numpy as np
import pytest

from tcm.data.synth.dataset import SyntheticText
from tcm.errors import ConfigError
from tcm.registry import DATASETS

SMALL = {"length": 5, "size": [64, 96], "words_per_image": [1, 3], "text_height": [8, 16]}


def digest(sample):
    parts = [sample.image, *sample.instances.polygons, sample.instances.ignored]
    data = b"".join(np.ascontiguousarray(part).tobytes() for part in parts)
    return hashlib.sha256(data + repr(sample.instances.texts).encode()).hexdigest()


def test_a_sample_is_of_the_contract():
    dataset = DATASETS.build({"type": "SyntheticText", **SMALL})
    sample = dataset.load(3)
    assert len(dataset) == 5 and dataset.ids[3] == sample.path == "synth-0-000003"
    assert sample.image.shape == (64, 96, 3) and sample.image.dtype == np.uint8
    assert sample.size == (64, 96) and sample.index == 3 and (sample.matrix == np.eye(3)).all()
    for polygon, text in zip(sample.instances.polygons, sample.instances.texts, strict=True):
        assert polygon.dtype == np.float32 and polygon.shape in [(4, 2), (14, 2)]
        assert isinstance(text, str) and text.isalnum()


def test_an_image_depends_on_seed_and_index_alone():
    forward, backward = SyntheticText(**SMALL), pickle.loads(pickle.dumps(SyntheticText(**SMALL)))
    first = [digest(forward.load(i)) for i in range(5)]
    second = [digest(backward.load(i)) for i in reversed(range(5))][::-1]
    assert first == second and len(set(first)) == 5
    assert digest(SyntheticText(**SMALL, seed=1).load(0)) not in first


def test_another_process_makes_the_same_image():
    code = (
        "from tests.data.synth.test_dataset import *;"
        "import random; random.seed(7); np.random.seed(7);"
        "print(digest(SyntheticText(**SMALL).load(2)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == digest(SyntheticText(**SMALL).load(2))


def test_charset_and_word_length_are_kept():
    dataset = SyntheticText(**SMALL, charset={"characters": "xyz7"}, word_length=[3, 3])
    texts = [text for i in range(5) for text in dataset.load(i).instances.texts]
    assert texts and all(len(text) == 3 and set(text) <= set("xyz7") for text in texts)


def test_plain_images_are_ink_on_paper():
    dataset = SyntheticText(**SMALL, styles=["straight"], plain=True)
    image = dataset.load(1).image
    assert (image.max(), image.min()) == (230, 20) and (image == 230).mean() > 0.5
    assert (image == image[..., :1]).all()
    with pytest.raises(ConfigError, match="sign_ratio: plain images have no signs"):
        SyntheticText(**SMALL, sign_ratio=0.5, plain=True)


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0])
def test_ignored_words_are_marked_and_have_no_text(ratio):
    dataset = SyntheticText(**{**SMALL, "length": 60}, ignored_ratio=ratio)
    found = [dataset.load(i).instances for i in range(60)]
    ignored = np.concatenate([instances.ignored for instances in found])
    texts = [text for instances in found for text in instances.texts]
    assert abs(ignored.mean() - ratio) < 0.15
    assert [text is None for text in texts] == ignored.tolist()


def test_curve_points_are_the_vertices_of_curved_words():
    dataset = SyntheticText(**SMALL, styles=["curved"], curve_points=10)
    shapes = {p.shape for i in range(5) for p in dataset.load(i).instances.polygons}
    assert shapes == {(10, 2)}


@pytest.mark.parametrize("index", [-1, 5])
def test_an_index_beyond_the_dataset_is_an_error(index):
    with pytest.raises(IndexError, match="dataset of 5"):
        SyntheticText(**SMALL).load(index)


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("length", 0, "length"),
        ("seed", -1, "seed"),
        ("styles", ["curvy"], "did you mean 'curved'"),
        ("styles", [], "styles"),
        ("words_per_image", [3, 1], "words_per_image"),
        ("text_height", [1, 9], "text_height"),
        ("text_height", [70, 80], "no room"),
        ("word_length", [0, 3], "word_length"),
        ("word_length", 5, "word_length"),
        ("size", [64], "size"),
        ("charset", "", "SyntheticText.charset: "),
        ("charset", {"characters": ""}, "SyntheticText.charset: different characters"),
        ("charset", {"characters": "漢"}, "U\\+6F22"),
        ("ignored_ratio", 1.5, "ignored_ratio"),
        ("curve_points", 7, "curve_points"),
    ],
)
def test_a_wrong_argument_is_named(argument, value, message):
    with pytest.raises(ConfigError, match=message):
        SyntheticText(**{**SMALL, argument: value})
